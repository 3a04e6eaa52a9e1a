using Npgsql;

namespace InstaGrpc.Postgres.Internal;

/// <summary>
/// Which tables a transaction has read: the difference of pg_stat_xact_user_tables now and when the audit began. The view counts what this
/// session has not reported yet, so on a pooled session it still lists earlier transactions' tables. Parallel workers count for themselves;
/// they are off.
/// </summary>
internal sealed class TableReadAudit
{
    private const string Scans =
        "SELECT relid, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE seq_scan > 0 OR idx_scan > 0";

    // A partition counts as its root, which is what a contract names.
    private const string Names = """
        SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname
        FROM unnest($1) AS read (relid)
        JOIN pg_class c ON c.oid = coalesce(pg_partition_root(read.relid), read.relid)
        JOIN pg_namespace n ON n.oid = c.relnamespace
        """;

    private readonly NpgsqlTransaction _transaction;
    private readonly Dictionary<uint, long> _before;

    private TableReadAudit(NpgsqlTransaction transaction, Dictionary<uint, long> before)
    {
        _transaction = transaction;
        _before = before;
    }

    /// <summary>Call as the transaction's first act.</summary>
    public static async ValueTask<TableReadAudit> BeginAsync(NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var set = new NpgsqlCommand(
            "SET TRANSACTION READ ONLY; SET LOCAL max_parallel_workers_per_gather = 0", transaction.Connection, transaction);
        await set.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return new TableReadAudit(transaction, await ScansAsync(transaction, cancellation).ConfigureAwait(false));
    }

    public async ValueTask<IReadOnlySet<string>> TablesReadAsync(CancellationToken cancellation)
    {
        var now = await ScansAsync(_transaction, cancellation).ConfigureAwait(false);
        uint[] read = [.. now.Where(pair => pair.Value > _before.GetValueOrDefault(pair.Key)).Select(static pair => pair.Key)];
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (read.Length == 0)
        {
            return names;
        }

        await using var command = new NpgsqlCommand(Names, _transaction.Connection, _transaction);
        command.Parameters.Add(new NpgsqlParameter { Value = read, DataTypeName = "oid[]" });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static async ValueTask<Dictionary<uint, long>> ScansAsync(NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Scans, transaction.Connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var scans = new Dictionary<uint, long>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            scans.Add(reader.GetFieldValue<uint>(0), reader.GetInt64(1));
        }

        return scans;
    }
}
