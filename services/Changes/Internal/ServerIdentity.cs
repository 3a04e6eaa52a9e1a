using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>Which server, in which of its lives, an ordinary connection talks to.</summary>
/// <param name="System"><c>pg_control_system().system_identifier</c>.</param>
/// <param name="Inserted">How far its WAL is written.</param>
internal sealed record ServerIdentity(ulong System, Timeline Timeline, Lsn Inserted)
{
    /// <param name="connection">An ordinary connection.</param>
    /// <param name="walsender">Process id of the replication connection, which must be on the same server.</param>
    /// <exception cref="PublisherException">The server is a follower, or the two connections are not on one server.</exception>
    public static async Task<ServerIdentity> ReadAsync(NpgsqlConnection connection, int walsender, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT pg_is_in_recovery(),
                   EXISTS (SELECT FROM pg_stat_replication WHERE pid = $1),
                   (SELECT system_identifier FROM pg_control_system()),
                   CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_insert_lsn()) END,
                   CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = walsender });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (reader.GetBoolean(0))
        {
            throw new PublisherException("The server is a follower: give the node's primary.");
        }

        if (!reader.GetBoolean(1))
        {
            throw new PublisherException(
                "The ordinary and the replication connection are not on the same server: "
                + "give the primary's own address, without a pooler between.");
        }

        return new ServerIdentity((ulong)reader.GetInt64(2), Timeline.FromWalFileName(reader.GetString(3)), Lsn.Parse(reader.GetString(4)));
    }
}
