using InstaGrpc.Memcached;

namespace InstaGrpc.Mesh;

/// <summary>
/// memcached is there when some server of the pool answers. Cached reads work without it, uncached, so it makes no process unready: a role
/// whose own service is nothing without it names that service here.
/// </summary>
/// <param name="pool">The region's servers; null: none is configured.</param>
/// <param name="services">Full names of the services that need it; none: it is only shown.</param>
public sealed class MemcachedReadiness(MemcachedPool? pool, params string[] services) : IReadinessCheck
{
    /// <inheritdoc/>
    public string Name => "memcached";

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? Services => services;

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        if (pool is null)
        {
            return "no server is configured: set Insta:Memcached:Servers";
        }

        string? reason = null;
        foreach (var server in pool.Servers)
        {
            if (await AskAsync(server, cancellation).ConfigureAwait(false) is not { } fault)
            {
                return null;
            }

            reason ??= $"{server.Address}: {fault}";
        }

        return reason;
    }

    private static async ValueTask<string?> AskAsync(MemcachedServer server, CancellationToken cancellation)
    {
        switch (server.State)
        {
            case MemcachedServerState.Up:
                return null;
            case MemcachedServerState.Idle or MemcachedServerState.Connecting:
                try
                {
                    // Nobody has asked it yet.
                    await server.ConnectAsync(cancellation).ConfigureAwait(false);
                    return null;
                }
                catch (MemcachedException e)
                {
                    return e.Message;
                }

            default:
                // Its own connections try again.
                return server.LastFault ?? "can't be reached";
        }
    }
}
