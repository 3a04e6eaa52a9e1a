using System.Security.Cryptography;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// Which life of the directory this is. The epoch is random, and made anew when the data turn out to be on another server, timeline or
/// database than they were: after a restore or a promotion, numbers that the former life gave out must not mean something else.
/// </summary>
/// <param name="Epoch">Positive.</param>
public sealed record DirectoryIdentity(long Epoch, long SystemIdentifier, Timeline Timeline)
{
    private const string CurrentSql = """
        SELECT s.system_identifier, pg_walfile_name(pg_current_wal_insert_lsn()), d.oid
        FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()
        """;

    /// <summary>Reads the identity, and renews it if it is a former life's, which also starts a new count of contracts.</summary>
    public static async ValueTask<DirectoryIdentity> EnsureAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var (system, timeline, database) = await CurrentAsync(connection, cancellation).ConfigureAwait(false);
        if (await ReadAsync(connection, system, timeline, database, cancellation).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        // The first of several processes that find a former life renews it; the others' WHERE then no longer holds.
        await using var renew = new NpgsqlCommand(
            """
            WITH renewed AS (
                INSERT INTO directory_identity AS i (epoch, system_identifier, timeline, database) VALUES ($1, $2, $3, $4)
                ON CONFLICT (one) DO UPDATE
                SET epoch = excluded.epoch, system_identifier = excluded.system_identifier,
                    timeline = excluded.timeline, database = excluded.database
                WHERE (i.system_identifier, i.timeline, i.database) IS DISTINCT FROM ($2, $3, $4)
                RETURNING epoch)
            INSERT INTO contract_counter (epoch) SELECT epoch FROM renewed ON CONFLICT DO NOTHING
            """,
            connection);
        renew.Parameters.Add(new NpgsqlParameter { Value = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue | 1 });
        renew.Parameters.Add(new NpgsqlParameter { Value = system });
        renew.Parameters.Add(new NpgsqlParameter { Value = (long)timeline.Value });
        renew.Parameters.Add(new NpgsqlParameter { Value = database, DataTypeName = "oid" });
        await renew.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return await ReadAsync(connection, system, timeline, database, cancellation).ConfigureAwait(false)
            ?? throw new NodeUnavailableException(NodePool.DirectoryNode, "The directory's identity changed while it was read: try again.");
    }

    private static async ValueTask<(long System, Timeline Timeline, uint Database)> CurrentAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(CurrentSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        return (reader.GetInt64(0), Timeline.FromWalFileName(reader.GetString(1)), reader.GetFieldValue<uint>(2));
    }

    private static async ValueTask<DirectoryIdentity?> ReadAsync(
        NpgsqlConnection connection, long system, Timeline timeline, uint database, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT epoch FROM directory_identity WHERE system_identifier = $1 AND timeline = $2 AND database = $3", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = system });
        command.Parameters.Add(new NpgsqlParameter { Value = (long)timeline.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = database, DataTypeName = "oid" });
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is long epoch
            ? new DirectoryIdentity(epoch, system, timeline)
            : null;
    }
}
