using System.Collections.Concurrent;
using Google.Protobuf;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Keeps a node's publication in step with the announced contracts: what a contract binds is published before anybody may cache under it.
///
/// A writer that was open on a table when the table was added leaves no trace of what it had written before: so the table is locked against
/// writers first (SHARE ROW EXCLUSIVE waits for them and lets readers be), and the position from which the contract holds is read after the
/// commit. The lock is asked for briefly and again and again, since everybody queues up behind one that waits.
///
/// The publication only grows: a table that a retired contract named costs some bytes of stream, one that is taken away while an old
/// process still caches costs its correctness.
/// </summary>
internal sealed partial class ContractPublication(
    NodeName node, string name, NpgsqlDataSource directory, IReadOnlyDictionary<string, IReadOnlyList<string>> baseTables,
    ChangesOptions options, ILogger logger)
{
    private readonly ConcurrentDictionary<uint, string> _firstNames = new();
    private HashSet<string> _followed = new(StringComparer.Ordinal);

    /// <summary>Whether this stream is about a table: it is published, a partition of one that is, or was bound by a contract.</summary>
    public bool IsFollowed(string table) => Volatile.Read(ref _followed).Contains(table);

    /// <summary>The name under which a followed table was first met here, or null: a message about a renamed one has its new name.</summary>
    public string? FirstNameOf(uint table) => _firstNames.GetValueOrDefault(table);

    /// <summary>Makes the publication, with the tables that the projector folds, if they are there. Before the slot: a slot reads the
    /// catalog as it was at its place in the WAL, and fails where the publication did not exist yet.</summary>
    public async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var find = new NpgsqlCommand("SELECT count(*) FROM pg_publication WHERE pubname = $1", connection))
        {
            find.Parameters.Add(new NpgsqlParameter { Value = name });
            if ((long)(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))! == 0)
            {
                await using var create = new NpgsqlCommand(
                    $"CREATE PUBLICATION {PublishedTables.Quote(name)} WITH (publish_via_partition_root = true)", connection);
                await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        await SettleAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Brings publication and contracts together once. A table that can't be locked now stays for the next time.
    /// </summary>
    /// <returns>True if nothing is left to do.</returns>
    public async Task<bool> SettleAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var contracts = await ReadContractsAsync(cancellationToken).ConfigureAwait(false);
        var tables = new PublishedTables(name, connection);
        await tables.LoadAsync(
            [.. baseTables.Keys, .. contracts.SelectMany(contract => contract.Body.DependsOn).Select(dependency => dependency.Table)],
            cancellationToken).ConfigureAwait(false);
        foreach (var (oid, table) in tables.Oids)
        {
            _firstNames.TryAdd(oid, table);
        }

        var followed = new HashSet<string>(_followed, StringComparer.Ordinal);
        followed.UnionWith(baseTables.Keys);
        followed.UnionWith(contracts.SelectMany(contract => contract.Body.DependsOn).Select(dependency => dependency.Table));
        followed.UnionWith(tables.WithPartitions);
        Volatile.Write(ref _followed, followed);

        var now = await InsertedAsync(connection, cancellationToken).ConfigureAwait(false);
        // A stored position that lies ahead of the server was written by data that are gone (an old copy came back).
        contracts =
        [
            .. contracts.Select(contract =>
                contract.From is { } from && from.CompareTo(now) > 0 ? contract with { State = "lost" } : contract),
        ];
        var settled = true;
        foreach (var (table, columns) in baseTables)
        {
            if (tables.Find(table) is not null && tables.Refusal(table, columns, needIdentity: false) is null)
            {
                // What was written before is missing from the stream, so it is said there: the projector counts anew.
                settled &= await AddAsync(tables, table, columns, announce: true, cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (var contract in contracts)
        {
            settled &= await SettleAsync(tables, contract, connection, cancellationToken).ConfigureAwait(false);
        }

        return settled;
    }

    private async Task<bool> SettleAsync(
        PublishedTables tables, Announced contract, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var dependencies = contract.Body.DependsOn;
        if (dependencies.Count > 0 && dependencies.All(dependency => tables.Find(dependency.Table) is null))
        {
            await StoreAsync(contract, "not_here", null, "", cancellationToken).ConfigureAwait(false);
            return true;
        }

        foreach (var dependency in dependencies)
        {
            if (tables.Refusal(dependency.Table, dependency.Columns, needIdentity: true) is { } reason)
            {
                await RefuseAsync(contract, reason, cancellationToken).ConfigureAwait(false);
                return true;
            }
        }

        var changed = false;
        foreach (var dependency in dependencies)
        {
            if (tables.IsPublished(dependency.Table, dependency.Columns))
            {
                continue;
            }

            changed = true;
            try
            {
                // A contract that was honoured already, and whose table has left the publication (dropped and made anew, restored): what
                // happened meanwhile is not in the stream.
                var honoured = contract.State is "published" or "lost";
                if (!await AddAsync(tables, dependency.Table, dependency.Columns, honoured, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
            catch (PostgresException e) when (!e.IsTransient && e.SqlState[..2] is "42" or "0A" or "22")
            {
                await RefuseAsync(contract, $"table {dependency.Table} can't be published: {e.MessageText}",
                    cancellationToken).ConfigureAwait(false);
                return true;
            }
        }

        if (changed || contract.State != "published")
        {
            // After the commits above, so whatever is written from here on is in the stream.
            var from = await InsertedAsync(connection, cancellationToken).ConfigureAwait(false);
            await StoreAsync(contract, "published", from, "", cancellationToken).ConfigureAwait(false);
            LogPublished(logger, contract.Number, contract.Body.Method, node, from.Lsn.ToString());
        }

        return true;
    }

    private async Task<bool> AddAsync(
        PublishedTables tables, string table, IReadOnlyList<string> columns, bool announce, CancellationToken cancellationToken)
    {
        if (tables.IsPublished(table, columns))
        {
            return true;
        }

        try
        {
            await tables.AddAsync(table, columns, announce, options.PublicationLockTimeout, cancellationToken).ConfigureAwait(false);
            LogAdded(logger, table, node);
            return true;
        }
        catch (PostgresException e) when (
            e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.ObjectInUse)
        {
            LogLocked(logger, table, node);
            return false;
        }
    }

    private static async Task<TokenPosition> InsertedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var query = new NpgsqlCommand("SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_insert_lsn()::text",
            connection);
        await using var reader = await query.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new TokenPosition(Timeline.FromWalFileName(reader.GetString(0)), Lsn.Parse(reader.GetString(1)));
    }

    private async Task RefuseAsync(Announced contract, string reason, CancellationToken cancellationToken)
    {
        if (contract.State != "refused" || contract.Reason != reason)
        {
            LogRefused(logger, contract.Number, contract.Body.Method, node, reason);
        }

        await StoreAsync(contract, "refused", null, reason, cancellationToken).ConfigureAwait(false);
    }

    private async Task<List<Announced>> ReadContractsAsync(CancellationToken cancellationToken)
    {
        await using var query = directory.CreateCommand(
            """
            SELECT c.epoch, c.number, c.body, n.state, coalesce(n.reason, ''), n.timeline, n.lsn::text
            FROM contracts c JOIN directory_identity i ON i.epoch = c.epoch
            LEFT JOIN contract_nodes n ON n.epoch = c.epoch AND n.number = c.number AND n.node = $1
            WHERE c.ended_at IS NULL ORDER BY c.number
            """);
        query.Parameters.Add(new NpgsqlParameter { Value = node.Value });
        await using var reader = await query.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var contracts = new List<Announced>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            AnnouncedContract body;
            try
            {
                body = AnnouncedContract.Parser.ParseFrom(reader.GetFieldValue<byte[]>(2));
            }
            catch (InvalidProtocolBufferException)
            {
                // Nobody can honour it, and the invalidator counts no further than it: not ours to judge.
                continue;
            }

            contracts.Add(new Announced(
                reader.GetInt64(0),
                reader.GetInt64(1),
                body,
                await reader.IsDBNullAsync(3, cancellationToken).ConfigureAwait(false) ? "" : reader.GetString(3),
                reader.GetString(4),
                await reader.IsDBNullAsync(5, cancellationToken).ConfigureAwait(false)
                    ? null
                    : new TokenPosition(new Timeline((uint)reader.GetInt64(5)), Lsn.Parse(reader.GetString(6)))));
        }

        return contracts;
    }

    private async Task StoreAsync(Announced contract, string state, TokenPosition? from, string reason, CancellationToken cancellationToken)
    {
        if (contract.State == state && from is null && contract.Reason == reason)
        {
            return;
        }

        await using var store = directory.CreateCommand(
            """
            INSERT INTO contract_nodes (epoch, number, node, state, timeline, lsn, reason) VALUES ($1, $2, $3, $4, $5, $6::pg_lsn, $7)
            ON CONFLICT (epoch, number, node) DO UPDATE
            SET state = excluded.state, timeline = excluded.timeline, lsn = excluded.lsn, reason = excluded.reason
            """);
        store.Parameters.Add(new NpgsqlParameter { Value = contract.Epoch });
        store.Parameters.Add(new NpgsqlParameter { Value = contract.Number });
        store.Parameters.Add(new NpgsqlParameter { Value = node.Value });
        store.Parameters.Add(new NpgsqlParameter { Value = state });
        store.Parameters.Add(new NpgsqlParameter
        {
            Value = from is null ? DBNull.Value : (long)from.Value.Timeline.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint,
        });
        store.Parameters.Add(new NpgsqlParameter
        {
            Value = from is null ? DBNull.Value : from.Value.Lsn.ToString(), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text,
        });
        store.Parameters.Add(new NpgsqlParameter { Value = reason });
        await store.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(1210, LogLevel.Information, "Contract {Number} ({Method}) is published on {Node} from {Lsn}")]
    private static partial void LogPublished(ILogger logger, long number, string method, NodeName node, string lsn);

    [LoggerMessage(1211, LogLevel.Information, "Table {Table} of {Node} is published")]
    private static partial void LogAdded(ILogger logger, string table, NodeName node);

    [LoggerMessage(1212, LogLevel.Information, "Table {Table} of {Node} is in use; it is published when its writers have ended")]
    private static partial void LogLocked(ILogger logger, string table, NodeName node);

    [LoggerMessage(1213, LogLevel.Warning, "Contract {Number} ({Method}) stays uncached on {Node}: {Reason}")]
    private static partial void LogRefused(ILogger logger, long number, string method, NodeName node, string reason);

    private sealed record Announced(long Epoch, long Number, AnnouncedContract Body, string State, string Reason, TokenPosition? From);
}
