using InstaGrpc.Embedded;
using Npgsql;

namespace InstaGrpc.TestFixtures;

/// <summary>Commits of a cluster of a test's own that wait for a standby that is not there: written, and visible to nobody.</summary>
public static class CommitHold
{
    /// <summary>Holds commits up from the moment that this returns, or lets them go.</summary>
    public static async Task SetAsync(EmbeddedPostgres server, bool hold, CancellationToken ct = default)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString());
        await ExecuteAsync(source, $"ALTER SYSTEM SET synchronous_standby_names = '{(hold ? "absent" : "")}'", ct).ConfigureAwait(false);
        await ExecuteAsync(source, "SELECT pg_reload_conf()", ct).ConfigureAwait(false);
        if (hold)
        {
            await InForceAsync(source, ct).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// It is the checkpointer that tells all others of the setting, some time after the reload, and a commit before that waits for nobody:
    /// commits are tried until one waits.
    /// </summary>
    private static async Task InForceAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var probe = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        while (true)
        {
            await using var commit = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'probe', '')", probe);
            var committed = commit.ExecuteNonQueryAsync(ct);
            while (!committed.IsCompleted)
            {
                // A commit whose waiting is cancelled is committed.
                var waited = $"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = {probe.ProcessID} AND wait_event = 'SyncRep'";
                if (await ExecuteAsync(source, waited, ct).ConfigureAwait(false) is true)
                {
                    await committed.ConfigureAwait(false);
                    return;
                }
            }
            await committed.ConfigureAwait(false);
        }
    }

    private static async Task<object?> ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(ct).ConfigureAwait(false);
    }
}
