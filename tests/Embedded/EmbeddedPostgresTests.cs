using InstaGrpc.Embedded.Internal;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Embedded.Tests;

public sealed class EmbeddedPostgresTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WhatWasCommittedIsThereAfterAStopAndAfterACrash()
    {
        await using (var first = await EmbeddedPostgres.StartAsync(Options()))
        {
            await ExecuteAsync(first, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)");
        }
        var second = await EmbeddedPostgres.StartAsync(Options());
        await ExecuteAsync(second, "INSERT INTO kept VALUES (2)");
        await second.CrashAsync();

        await using var third = await EmbeddedPostgres.StartAsync(Options());
        Assert.Equal(2L, await QueryAsync<long>(third, "SELECT count(*) FROM kept"));
    }

    [Fact]
    public async Task TheNextStartTakesTheSamePortAgain()
    {
        int port;
        await using (var first = await EmbeddedPostgres.StartAsync(Options())) port = first.Port;

        await using var second = await EmbeddedPostgres.StartAsync(Options());
        Assert.Equal(port, second.Port);
    }

    [Fact]
    public async Task ATakenPortIsNamedWithWhoHasIt()
    {
        await using var first = await EmbeddedPostgres.StartAsync(Options());

        var fault = await Assert.ThrowsAsync<EmbeddedServerException>(() => EmbeddedPostgres.StartAsync(Options("other", first.Port)));

        Assert.Contains($"port {first.Port}", fault.Message);
        Assert.Contains($"process {first.ProcessId}", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task WithAPasswordNobodyGetsInWithoutIt()
    {
        await using var server = await EmbeddedPostgres.StartAsync(Options(authentication: PostgresAuthentication.Password));
        var without = new NpgsqlConnectionStringBuilder(server.ConnectionString()) { Password = null, Pooling = false };
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString()) { Password = "guess", Pooling = false };

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => OpenAsync(without.ConnectionString));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(wrong.ConnectionString));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
        await OpenAsync(server.ConnectionString());
        Assert.Contains(":", new Uri(server.Url()).UserInfo);
        var mode = File.GetUnixFileMode(Path.Combine(server.DataFolder, "insta.password"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }

    [Fact]
    public async Task APostmasterThatAKilledRunLeftIsStopped()
    {
        // A leftover has no living owner: nothing watches it, so it is a server that we started and now only know by its pid file.
        await using var leftover = await EmbeddedPostgres.StartAsync(Options());
        var lines = new List<string>();

        await using var next = await EmbeddedPostgres.StartAsync(Options(report: lines.Add));

        Assert.True(leftover.Exited.IsCompleted);
        Assert.Contains(lines, line => line.Contains($"process {leftover.ProcessId}"));
        await ExecuteAsync(next, "SELECT 1");
    }

    [Fact]
    public async Task AStrangerUnderARecycledProcessIdIsLeftAlone()
    {
        await using (await EmbeddedPostgres.StartAsync(Options()))
        {
        }
        // The pid file of a machine that went down names a process id that is somebody else's now: this test's own.
        var pidFile = Path.Combine(Options().DataFolder, "postmaster.pid");
        await File.WriteAllTextAsync(pidFile, $"{Environment.ProcessId}\n{Options().DataFolder}\n");

        await EmbeddedPostgres.StopLeftoverAsync(Options());

        Assert.NotNull(ProcessIdentity.Of(Environment.ProcessId));
    }

    [Fact]
    public async Task AHalfMadeClusterIsMadeAnew()
    {
        var options = Options();
        Directory.CreateDirectory(options.DataFolder + ".new");
        await File.WriteAllTextAsync(Path.Combine(options.DataFolder + ".new", "PG_VERSION"), "15");

        await using var server = await EmbeddedPostgres.StartAsync(options);

        await ExecuteAsync(server, "SELECT 1");
    }

    [Fact]
    public async Task AFolderOfOtherFilesIsRefused()
    {
        var options = Options();
        Directory.CreateDirectory(options.DataFolder);
        var precious = Path.Combine(options.DataFolder, "holiday.jpg");
        await File.WriteAllTextAsync(precious, "x");

        var fault = await Assert.ThrowsAsync<EmbeddedServerException>(() => EmbeddedPostgres.StartAsync(options));

        Assert.Contains("holds files that are no PostgreSQL cluster", fault.Message);
        Assert.True(File.Exists(precious));
    }

    [Fact]
    public async Task ASettingThatThePostmasterRefusesIsInTheMessage()
    {
        var options = SharedServers.PostgresOptions(
            Path.Combine(_folder.Path, "refused"), new Dictionary<string, string> { ["max_connections"] = "many" });

        var fault = await Assert.ThrowsAsync<EmbeddedServerException>(() => EmbeddedPostgres.StartAsync(options));

        Assert.Contains("max_connections", fault.Message);
    }

    [Fact]
    public async Task RootsDataThatTheServersAccountCannotReachGoElsewhere()
    {
        if (Environment.UserName != "root") return; // only root has an account of lesser reach to start the server with
        var closed = Path.Combine(_folder.Path, "closed");
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var real = await EmbeddedPostgres.ResolveDataFolderAsync(Path.Combine(closed, "data"));

        Assert.StartsWith("/var/lib/insta/", real);
        Assert.NotEqual(real, await EmbeddedPostgres.ResolveDataFolderAsync(Path.Combine(closed, "other")));
        Assert.Equal(real, await EmbeddedPostgres.ResolveDataFolderAsync(Path.Combine(closed, "data")));
    }

    private static async Task OpenAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
    }

    private static async Task ExecuteAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> QueryAsync<T>(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private EmbeddedPostgresOptions Options(
        string name = "data",
        int port = 0,
        PostgresAuthentication authentication = PostgresAuthentication.Trust,
        Action<string>? report = null) => new()
        {
            DataFolder = Path.Combine(_folder.Path, name),
            Port = port,
            Fsync = false,
            Authentication = authentication,
            TemplateFolder = Checkout.StateFolder,
            MaxConnections = 40,
            Report = report,
        };
}
