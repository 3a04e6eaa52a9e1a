using InstaGrpc.Contracts.Positions;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Postgres.Internal;

/// <summary>Where a server's WAL stands.</summary>
internal static class WalPosition
{
    // Of a promoted server's timelines only the WAL file's name gives the current one at once: the control file's follows at a checkpoint.
    private const string Flushed = "SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_flush_lsn()";

    private const string Replayed = """
        SELECT greatest(r.min_recovery_end_timeline, c.timeline_id), pg_last_wal_replay_lsn()
        FROM pg_control_recovery() r, pg_control_checkpoint() c WHERE pg_is_in_recovery()
        """;

    /// <summary>
    /// Commits the transaction that is open, and reads the token in the same round trip. The server takes the second statement after the first
    /// is done, on the session that committed: what is flushed then includes the commit. A commit that fails ends the trip before it.
    /// </summary>
    public static async ValueTask<TokenPosition> CommitAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new("COMMIT"), new(Flushed) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        return new TokenPosition(Timeline.FromWalFileName(reader.GetString(0)), ToLsn(reader.GetFieldValue<NpgsqlLogSequenceNumber>(1)));
    }

    /// <summary>How far a follower has replayed; null if it follows nobody (any more).</summary>
    public static async ValueTask<TokenPosition?> ReplayedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Replayed, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false) || reader.IsDBNull(1))
        {
            return null;
        }

        return new TokenPosition(new Timeline((uint)reader.GetInt32(0)), ToLsn(reader.GetFieldValue<NpgsqlLogSequenceNumber>(1)));
    }

    private static Lsn ToLsn(NpgsqlLogSequenceNumber value) => new((ulong)value);
}
