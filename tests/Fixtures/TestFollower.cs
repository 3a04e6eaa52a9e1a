using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Embedded;
using Npgsql;

namespace InstaGrpc.TestFixtures;

/// <summary>A primary of a test's own and a streaming replica of it, whose replay can be held back.</summary>
public sealed class TestFollower : IAsyncDisposable
{
    private readonly TestFolder _folder;

    private TestFollower(TestFolder folder, EmbeddedPostgres primary, EmbeddedPostgres server)
    {
        _folder = folder;
        Primary = primary;
        Server = server;
    }

    public EmbeddedPostgres Primary { get; }

    /// <summary>The replica.</summary>
    public EmbeddedPostgres Server { get; }

    public static async Task<TestFollower> StartAsync(CancellationToken ct = default)
    {
        var folder = TestFolder.Create();
        var primary = await EmbeddedPostgres.StartAsync(SharedServers.PostgresOptions(Path.Combine(folder.Path, "primary")), ct).ConfigureAwait(false);
        try
        {
            var data = Path.Combine(folder.Path, "follower");
            await CopyAsync(primary, data, ct).ConfigureAwait(false);
            var server = await EmbeddedPostgres.StartAsync(SharedServers.PostgresOptions(data), ct).ConfigureAwait(false);
            return new TestFollower(folder, primary, server);
        }
        catch
        {
            await primary.CrashAsync().ConfigureAwait(false);
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The follower receives WAL and applies none of it until <see cref="ResumeAsync"/>.</summary>
    public async Task PauseAsync(CancellationToken ct = default)
    {
        await ExecuteAsync("SELECT pg_wal_replay_pause()", ct).ConfigureAwait(false);
        while (await ExecuteAsync("SELECT pg_get_wal_replay_pause_state()", ct).ConfigureAwait(false) is not "paused")
        {
            await Task.Yield();
        }
    }

    public Task ResumeAsync(CancellationToken ct = default) => ExecuteAsync("SELECT pg_wal_replay_resume()", ct);

    /// <summary>Makes it a primary, on a new timeline.</summary>
    public Task PromoteAsync(CancellationToken ct = default) => ExecuteAsync("SELECT pg_promote()", ct);

    public async ValueTask DisposeAsync()
    {
        await Server.CrashAsync().ConfigureAwait(false);
        await Primary.CrashAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private async Task<object?> ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(ct).ConfigureAwait(false);
    }

    private static async Task CopyAsync(EmbeddedPostgres primary, string data, CancellationToken ct)
    {
        // The data folder must belong to the server's account, which as root is postgres.
        var isRoot = Environment.UserName == "root";
        await RunAsync([.. (string[])["install", "-d", "-m", "700"], .. isRoot ? (string[])["-o", "postgres"] : [], data], ct).ConfigureAwait(false);
        if (isRoot)
        {
            // Log and password are ours so far: the server, which sends its whole folder, must be able to read them.
            await RunAsync(["chown", "-R", "postgres:", primary.DataFolder], ct).ConfigureAwait(false);
        }

        string[] account = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
        await RunAsync(
            [
                .. account, "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-h", primary.Host,
                "-p", primary.Port.ToString(CultureInfo.InvariantCulture), "-U", primary.UserName,
            ],
            ct).ConfigureAwait(false);
    }

    private static async Task RunAsync(string[] command, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/",
        })!;
        var error = process.StandardError.ReadToEndAsync(ct);
        await process.StandardOutput.ReadToEndAsync(ct).ConfigureAwait(false);
        await process.WaitForExitAsync(ct).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)}: {await error.ConfigureAwait(false)}");
        }
    }
}
