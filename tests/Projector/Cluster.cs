using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>A PostgreSQL cluster whose commits a test may hold up.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public EmbeddedPostgres Server { get; private set; } = null!;

    public async Task StartAsync() =>
        Server = await EmbeddedPostgres.StartAsync(SharedServers.PostgresOptions(Path.Combine(_folder.Path, "data")));

    /// <summary>Commits wait from now on for a standby that is not there; or no longer.</summary>
    public async Task HoldCommitsAsync(bool hold)
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in new[] { $"ALTER SYSTEM SET synchronous_standby_names = '{(hold ? "absent" : "")}'", "SELECT pg_reload_conf()" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.CrashAsync();
        _folder.Dispose();
    }
}
