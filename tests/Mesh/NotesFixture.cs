namespace InstaGrpc.Mesh.Tests;

/// <summary>One host for the tests of a class that do not change its settings.</summary>
public sealed class NotesFixture : IAsyncLifetime
{
    private readonly AssemblyServers _servers = new();
    private NotesHost? _host;

    public NotesHost Host => _host ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        await _servers.InitializeAsync();
        _host = await NotesHost.StartAsync(_servers.Servers);
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }
}
