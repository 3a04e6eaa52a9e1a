using System.Security.Cryptography;
using System.Text;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres.Internal;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// Brings databases to the schema that this build knows: the embedded files of Migrations/directory and Migrations/node, each set in the
/// order of the names. A database is migrated in one transaction under an advisory lock: all files or none, and of several processes that
/// start at once one works while the others wait and find nothing left to do. What ran is recorded with its hash in
/// <c>insta_migrations</c>; a file is never changed after its release.
/// </summary>
public sealed partial class Migrator(ILogger<Migrator> logger)
{
    // "insta" in ASCII: one lock for every schema change of ours in a database.
    private const long LockKey = 0x696e737461;

    /// <summary>Migrates the directory and every configured node, enters the nodes into the directory, and at the first time spreads the
    /// shards over them.</summary>
    /// <returns>Names of the files that ran, as <c>node: file</c>.</returns>
    /// <exception cref="NodeUnavailableException">A server can't be reached; what was migrated before stays.</exception>
    /// <exception cref="InvalidOperationException">A file was changed after it had run.</exception>
    public async ValueTask<IReadOnlyList<string>> MigrateAsync(NodePool pool, CancellationToken cancellation)
    {
        List<string> ran = [];
        foreach (var node in pool.AllNodes)
        {
            var set = node == NodePool.DirectoryNode ? "directory/" : "node/";
            ran.AddRange(await MigrateAsync(pool, node, set, cancellation).ConfigureAwait(false));
        }

        await DirectorySetup.EnterNodesAsync(pool, cancellation).ConfigureAwait(false);
        return ran;
    }

    /// <summary>Migrates one database to a directory.</summary>
    /// <returns>Names of the files that ran.</returns>
    public async ValueTask<IReadOnlyList<string>> MigrateDirectoryAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        await MigrateAsync(connection, "directory/", cancellation).ConfigureAwait(false);

    /// <summary>Migrates one database to a node.</summary>
    /// <returns>Names of the files that ran.</returns>
    public async ValueTask<IReadOnlyList<string>> MigrateNodeAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        await MigrateAsync(connection, "node/", cancellation).ConfigureAwait(false);

    /// <summary>Names of the files that have not run on the database.</summary>
    internal static async ValueTask<IReadOnlyList<string>> PendingAsync(NpgsqlConnection connection, string set, CancellationToken cancellation)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('insta_migrations') IS NOT NULL", connection);
        var applied = (bool)(await exists.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!
            ? await AppliedAsync(connection, cancellation).ConfigureAwait(false)
            : [];
        return [.. Files(set).Select(static file => file.Name).Where(name => !applied.ContainsKey(name))];
    }

    private async ValueTask<List<string>> MigrateAsync(NodePool pool, NodeName node, string set, CancellationToken cancellation)
    {
        try
        {
            var connection = await pool.OpenAsync(node, pool.Aside(node), cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                var ran = await MigrateAsync(connection, set, cancellation).ConfigureAwait(false);
                foreach (var file in ran)
                {
                    LogRan(node, file);
                }

                return [.. ran.Select(file => $"{node}: {file}")];
            }
        }
        catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(node, e);
        }
    }

    private static async ValueTask<List<string>> MigrateAsync(NpgsqlConnection connection, string set, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellation).ConfigureAwait(false);
        await ExecuteAsync(
            connection,
            """
            CREATE TABLE IF NOT EXISTS insta_migrations (
                name text PRIMARY KEY, hash bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
            """,
            cancellation).ConfigureAwait(false);
        var applied = await AppliedAsync(connection, cancellation).ConfigureAwait(false);
        List<string> ran = [];
        foreach (var (name, sql) in Files(set))
        {
            var hash = SHA256.HashData(sql);
            if (applied.TryGetValue(name, out var former))
            {
                if (!former.AsSpan().SequenceEqual(hash))
                {
                    throw new InvalidOperationException(
                        $"Migration {name} was changed after it had run on {connection.Host}:{connection.Port}/{connection.Database}:"
                        + " restore the file and write a new one for the change.");
                }

                continue;
            }

            await ExecuteAsync(connection, Encoding.UTF8.GetString(sql), cancellation).ConfigureAwait(false);
            await using var record = new NpgsqlCommand("INSERT INTO insta_migrations (name, hash) VALUES ($1, $2)", connection);
            record.Parameters.Add(new NpgsqlParameter { Value = name });
            record.Parameters.Add(new NpgsqlParameter { Value = hash });
            await record.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            ran.Add(name);
        }

        await EventTriggersAsync(connection, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return ran;
    }

    /// <summary>Only a superuser can make them; they are looked for each time, so that one who comes later makes up for it.</summary>
    private static async ValueTask EventTriggersAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var (_, sql) = Files("event-triggers.sql").Single();
        var hash = Convert.ToHexStringLower(SHA256.HashData(sql));
        await using var state = new NpgsqlCommand(
            """
            SELECT current_setting('is_superuser') = 'on',
                   (SELECT count(*) FROM pg_event_trigger WHERE evtname IN ('insta_ddl', 'insta_drop') AND evtenabled = 'A') = 2
                   AND coalesce(obj_description(to_regproc('insta_emit_ddl'), 'pg_proc'), '') = $1
            """,
            connection);
        state.Parameters.Add(new NpgsqlParameter { Value = hash });
        bool superuser, current;
        await using (var reader = await state.ExecuteReaderAsync(cancellation).ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellation).ConfigureAwait(false);
            (superuser, current) = (reader.GetBoolean(0), reader.GetBoolean(1));
        }

        if (superuser && !current)
        {
            await ExecuteAsync(connection, Encoding.UTF8.GetString(sql), cancellation).ConfigureAwait(false);
            await ExecuteAsync(connection, $"COMMENT ON FUNCTION insta_emit_ddl() IS '{hash}'", cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask<Dictionary<string, byte[]>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT name, hash FROM insta_migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var applied = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            applied.Add(reader.GetString(0), reader.GetFieldValue<byte[]>(1));
        }

        return applied;
    }

    private static async ValueTask ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static IEnumerable<(string Name, byte[] Sql)> Files(string prefix)
    {
        var assembly = typeof(Migrator).Assembly;
        var names = assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return (name, copy.ToArray());
        }
    }

    [LoggerMessage(1401, LogLevel.Information, "Migrated {Node}: {File}")]
    private partial void LogRan(NodeName node, string file);
}
