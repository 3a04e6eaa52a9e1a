using InstaGrpc.Embedded;

namespace InstaGrpc.Caching.Tests;

/// <summary>Two memcached servers for a test class.</summary>
public sealed class MemcachedServers : IAsyncLifetime
{
    private EmbeddedMemcached[] _servers = [];

    public IReadOnlyList<string> Addresses => [.. _servers.Select(server => server.Address)];

    public async Task InitializeAsync() =>
        _servers = await Task.WhenAll(EmbeddedMemcached.StartAsync(), EmbeddedMemcached.StartAsync());

    public async Task DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
