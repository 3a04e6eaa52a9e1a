using System.Diagnostics;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>A PostgreSQL cluster that a test may stop, crash, promote or replace.</summary>
internal sealed class OwnCluster : IAsyncDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public EmbeddedPostgres Server { get; private set; } = null!;

    public static async Task<OwnCluster> StartAsync()
    {
        var cluster = new OwnCluster();
        await cluster.StartServerAsync();
        return cluster;
    }

    /// <summary>On the port of the last start.</summary>
    public async Task StartServerAsync() => Server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
    {
        DataFolder = Path.Combine(_folder.Path, "data"),
        Port = Server?.Port ?? 0,
        Fsync = false,
        Authentication = PostgresAuthentication.Trust,
        TemplateFolder = Checkout.StateFolder,
        // Longer than a test waits: a fast shutdown that hangs must be seen to hang.
        StopLimit = TimeSpan.FromSeconds(60),
    });

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(Server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await using var command = new Npgsql.NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Commits wait from now on for a standby that is not there; or no longer.</summary>
    public Task HoldCommitsAsync(bool hold) => CommitHold.SetAsync(Server, hold);

    /// <summary>A later timeline on the same data; the server must be stopped.</summary>
    public async Task StartPromotedAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(Server.DataFolder, "standby.signal"), "");
        await StartServerAsync();
        await ExecuteAsync("SELECT pg_promote(true)");
    }

    /// <summary>Keeps the data as they are when the server is stopped in order, and starts it again.</summary>
    public async Task SaveAsync()
    {
        await Server.StopAsync();
        Copy(Server.DataFolder, Server.DataFolder + ".saved");
        await StartServerAsync();
    }

    /// <summary>Puts the kept data in the place of the stopped server's, and starts it.</summary>
    public async Task RestoreAsync()
    {
        Directory.Delete(Server.DataFolder, recursive: true);
        Copy(Server.DataFolder + ".saved", Server.DataFolder);
        await StartServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Server.CrashAsync();
        _folder.Dispose();
    }

    private static void Copy(string from, string to)
    {
        // With owners and modes: PostgreSQL insists on them.
        using var copy = Process.Start("cp", ["-a", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
