using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>A PostgreSQL cluster whose commits a test may hold up.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public EmbeddedPostgres Server { get; private set; } = null!;

    public async Task StartAsync() =>
        Server = await EmbeddedPostgres.StartAsync(SharedServers.PostgresOptions(Path.Combine(_folder.Path, "data")));

    /// <summary>Commits wait from now on for a standby that is not there; or no longer.</summary>
    public Task HoldCommitsAsync(bool hold) => CommitHold.SetAsync(Server, hold);

    public async ValueTask DisposeAsync()
    {
        await Server.CrashAsync();
        _folder.Dispose();
    }
}
