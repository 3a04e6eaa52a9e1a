using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Deletes users: a tombstone at once and the name free for others; what else there is of them is swept (<see cref="UserSweep"/>).</summary>
internal sealed class Departures(INodeWrites writes, UserSweep sweep)
{
    /// <summary>Deleting once more does nothing.</summary>
    /// <exception cref="EntityNotFoundException">There never was such a user.</exception>
    public async ValueTask DeleteAsync(long user, CancellationToken cancellation)
    {
        var name = await writes.RunAsync(
            user, (connection, transaction, ct) => BuryAsync(connection, transaction, user, ct), cancellation).ConfigureAwait(false);

        // Second, so that nobody gets the name of a user who lives; if this is never reached, the sweep does it.
        await writes.RunAsync(
            NodePool.DirectoryNode,
            async (connection, transaction, ct) =>
            {
                await using var release = new NpgsqlCommand(DepartureSql.ReleaseName, connection, transaction);
                release.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
                release.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                return await release.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        sweep.Wake();
    }

    private static async ValueTask<string> BuryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long user, CancellationToken cancellation)
    {
        await using var hold = new NpgsqlCommand(DepartureSql.LockUser, connection, transaction);
        hold.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        var name = await hold.ExecuteScalarAsync(cancellation).ConfigureAwait(false) as string
            ?? throw new EntityNotFoundException("user", user) { Field = "user_id" };
        await using var bury = new NpgsqlCommand(DepartureSql.Bury, connection, transaction);
        bury.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        await bury.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return name;
    }
}
