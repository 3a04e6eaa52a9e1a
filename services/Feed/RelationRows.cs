using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Whom a user follows and who is hidden from him, from the rows of his shard.</summary>
internal sealed class RelationRows(INodeReads reads)
{
    /// <summary>Null: there is no such user, or he was deleted.</summary>
    public async ValueTask<Relations?> OfAsync(long user, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(FeedSql.Relations, new NpgsqlParameter<long> { TypedValue = user });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var exists = false;
        var (followees, hidden) = (new SortedSet<long>(), new SortedSet<long>());
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var id = reader.GetInt64(1);
            switch (reader.GetInt32(0))
            {
                case 0:
                    exists = true;
                    break;
                case 1:
                    followees.Add(id);
                    break;
                default:
                    hidden.Add(id);
                    break;
            }
        }

        return exists ? new Relations { FolloweeIds = { followees }, HiddenIds = { hidden } } : null;
    }
}
