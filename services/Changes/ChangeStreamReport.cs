using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using Npgsql;

namespace InstaGrpc.Services.Changes;

/// <summary>What <c>insta changes status</c> shows: asked of PostgreSQL and Kafka, so that any process can tell.</summary>
public sealed class ChangeStreamReport(NodePool pool, ChangeLogClient log)
{
    /// <summary>A line for each node, the directory first; one that can't be asked says why in its state.</summary>
    public async Task<IReadOnlyList<ChangeStreamLine>> ReadAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(pool.AllNodes.Select(node => ReadAsync(node, cancellationToken))).ConfigureAwait(false);

    private async Task<ChangeStreamLine> ReadAsync(NodeName node, CancellationToken cancellationToken)
    {
        var slot = PublicationName.Of(log.Options.Prefix, node);
        string state;
        long? lag = null;
        Lsn? confirmed = null;
        try
        {
            (state, lag, confirmed) = await ReadSlotAsync(node, slot, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NodeUnavailableException or NpgsqlException)
        {
            state = e.Message;
        }

        try
        {
            var newest = await log.ReadNewestAsync(node, cancellationToken).ConfigureAwait(false);
            return new ChangeStreamLine(
                node, slot, state, lag, confirmed, newest?.End,
                newest is { } record ? DateTimeOffset.UnixEpoch.AddMicroseconds(record.Change.CommitTimeUs) : null);
        }
        catch (ChangeLogException e)
        {
            return new ChangeStreamLine(node, slot, $"{state}; {e.Message}", lag, confirmed, null, null);
        }
    }

    private async Task<(string State, long? Lag, Lsn? Confirmed)> ReadSlotAsync(NodeName node, string slot,
        CancellationToken cancellationToken)
    {
        var connection = await pool.OpenAsync(node, cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await using var query = new NpgsqlCommand(
                """
                SELECT CASE WHEN wal_status = 'lost' THEN 'lost' WHEN active THEN 'streaming' ELSE 'no publisher' END,
                       (pg_current_wal_flush_lsn() - confirmed_flush_lsn)::bigint, confirmed_flush_lsn::text
                FROM pg_replication_slots WHERE slot_name = $1
                """,
                connection);
            query.Parameters.Add(new NpgsqlParameter { Value = slot });
            await using var reader = await query.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return ("no slot", null, null);
            }

            return await reader.IsDBNullAsync(2, cancellationToken).ConfigureAwait(false)
                ? (reader.GetString(0), null, null)
                : (reader.GetString(0), reader.GetInt64(1), Lsn.Parse(reader.GetString(2)));
        }
    }
}
