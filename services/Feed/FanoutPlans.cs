using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>What a post would do, or what one does.</summary>
internal sealed class FanoutPlans(INodeReads reads, FanoutOptions options)
{
    /// <exception cref="EntityNotFoundException">There is no such user.</exception>
    public async ValueTask<FanoutPlan> OfAuthorAsync(long author, CancellationToken cancellation) =>
        await FindAsync(author, cancellation).ConfigureAwait(false) ?? throw new EntityNotFoundException("user", author) { Field = "user_id" };

    /// <summary>As its job was planned; a post whose job is not there (yet, or any more) as one of now.</summary>
    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    public async ValueTask<FanoutPlan> OfPostAsync(long post, CancellationToken cancellation)
    {
        var (owner, plan) = await reads.ReadAsync<(long, FanoutPlan?)>(
            post,
            async (connection, ct) =>
            {
                await using var command = new NpgsqlCommand(NotificationSql.PostToPlan, connection);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = post });
                await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
                if (!await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    throw new EntityNotFoundException("media", post) { Field = "media_id" };
                }

                var tier = (FanoutTier)reader.GetInt16(1);
                return (reader.GetInt64(0), tier == FanoutTier.Unspecified ? null : FanoutPlan.In(options, tier, reader.GetInt64(2)));
            },
            cancellation).ConfigureAwait(false);
        return plan ?? await FindAsync(owner, cancellation).ConfigureAwait(false)
            ?? throw new EntityNotFoundException("media", post) { Field = "media_id" };
    }

    /// <summary>Null: there is no such user.</summary>
    private ValueTask<FanoutPlan?> FindAsync(long author, CancellationToken cancellation) => reads.ReadAsync<FanoutPlan?>(
        author,
        async (connection, ct) =>
        {
            await using var command = new NpgsqlCommand(NotificationSql.AuthorToPlan, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = author });
            await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            return await reader.ReadAsync(ct).ConfigureAwait(false)
                ? FanoutPlan.Of(options, reader.GetInt64(0), reader.GetBoolean(1))
                : null;
        },
        cancellation);
}
