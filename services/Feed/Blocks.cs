using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Who has blocked whom: the truth is on the blocker's shard; the projector keeps the inverse (<c>blocked_by</c>) on the blocked user's, so that
/// each side's feed reads its own shard alone.
/// </summary>
internal sealed class Blocks(INodeReads reads, INodeWrites writes)
{
    /// <summary>Blocks, and ends follows in both directions. Made of two steps on two shards that can be repeated; a follow that is being written
    /// meanwhile looks for a block after its commit (<see cref="Follows"/>), so one of the two sees the other.</summary>
    /// <exception cref="EntityNotFoundException">One of the two does not exist.</exception>
    public async ValueTask BlockAsync(long blocker, long blocked, CancellationToken cancellation)
    {
        if (!await reads.ReadAsync(blocked, (connection, ct) => ExistsAsync(connection, blocked, ct), cancellation).ConfigureAwait(false))
        {
            throw new EntityNotFoundException("user", blocked) { Field = "user_id" };
        }

        await writes.RunAsync(
            blocker,
            async (connection, transaction, ct) =>
            {
                // The blocker's follows wait for it meanwhile: one that comes later sees the block.
                await using var hold = new NpgsqlCommand(GraphSql.LockUser, connection, transaction);
                hold.Parameters.Add(new NpgsqlParameter<long> { TypedValue = blocker });
                if (await hold.ExecuteScalarAsync(ct).ConfigureAwait(false) is null)
                {
                    throw new EntityNotFoundException("user", blocker);
                }

                await ExecuteAsync(GraphSql.Block, connection, transaction, blocker, blocked, ct).ConfigureAwait(false);
                return await ExecuteAsync(GraphSql.Unfollow, connection, transaction, blocker, blocked, ct).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);

        await writes.RunAsync(
            blocked,
            (connection, transaction, ct) => ExecuteAsync(GraphSql.Unfollow, connection, transaction, blocked, blocker, ct),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Not to block any more; nothing happens if it was so already. Follows do not come back.</summary>
    public async ValueTask UnblockAsync(long blocker, long blocked, CancellationToken cancellation) => await writes.RunAsync(
        blocker,
        (connection, transaction, ct) => ExecuteAsync(GraphSql.Unblock, connection, transaction, blocker, blocked, ct),
        cancellation).ConfigureAwait(false);

    private static async ValueTask<bool> ExistsAsync(NpgsqlConnection connection, long user, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(GraphSql.Exists, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static async ValueTask<int> ExecuteAsync(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, long one, long other, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = one });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = other });
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
