using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>What a user is told, as the projector has written it on his shard.</summary>
internal sealed class Notifications(INodeReads reads, INodeWrites writes)
{
    /// <summary>Newest first; one more than the page's size if there are more.</summary>
    public ValueTask<List<Notification>> ListAsync(Page page, CancellationToken cancellation) => reads.ReadAsync(
        page.Owner,
        async (connection, ct) =>
        {
            await using var command = new NpgsqlCommand(NotificationSql.List, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Owner });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.After ?? long.MaxValue });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
            await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            List<Notification> found = [];
            while (await reader.ReadAsync(ct).ConfigureAwait(false))
            {
                found.Add(Read(reader));
            }

            return found;
        },
        cancellation);

    /// <summary>This one and all before it are read. Doing it again does nothing.</summary>
    public async ValueTask MarkReadAsync(long user, long upTo, CancellationToken cancellation) => await writes.RunAsync(
        user,
        async (connection, transaction, ct) =>
        {
            await using var command = new NpgsqlCommand(NotificationSql.MarkRead, connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        },
        cancellation).ConfigureAwait(false);

    /// <summary>A row's first seven columns.</summary>
    public static Notification Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Kind = (NotificationKind)reader.GetInt16(1),
        ActorId = reader.GetInt64(2),
        MediaId = reader.GetInt64(3),
        CommentId = reader.GetInt64(4),
        CreatedAt = Timestamp.FromDateTime(reader.GetDateTime(5)),
        Read = reader.GetBoolean(6),
    };
}
