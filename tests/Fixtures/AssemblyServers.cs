using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>
/// The assembly's one set of <see cref="SharedServers"/>, as a class fixture: <c>class XTests(AssemblyServers servers) :
/// IClassFixture&lt;AssemblyServers&gt;</c>. The first class starts them; they end with the test process.
/// </summary>
/// <remarks>
/// xunit 2 has no fixture of an assembly, and tests of one collection never run at the same time. Hence this one static: the test process
/// is what the servers belong to.
/// </remarks>
public sealed class AssemblyServers : IAsyncLifetime
{
    private static readonly Lazy<Task<SharedServers>> _servers = new(StartAsync);
    private SharedServers? _started;

    public SharedServers Servers => _started ?? throw new InvalidOperationException("xunit initialises the fixture before its tests");

    public async Task InitializeAsync() => _started = await _servers.Value.ConfigureAwait(false);

    public Task DisposeAsync() => Task.CompletedTask;

    private static async Task<SharedServers> StartAsync()
    {
        var servers = new SharedServers();
        await servers.InitializeAsync().ConfigureAwait(false);
        // xunit tells nobody that the last class is done, and the test host then ends without ceremony: the kernel stops the servers.
        servers.DeleteFolderAfterExit();
        return servers;
    }
}
