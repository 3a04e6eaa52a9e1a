using Google.Protobuf;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Looks at the cache without touching it: takes no lease, wins no refill, changes no CAS.</summary>
public sealed class CacheInspector
{
    /// <summary>Makes it.</summary>
    public CacheInspector(MemcachedPool pool, INodeClock clock, IContractNumbers numbers, CacheOptions options) => throw new NotImplementedException();

    /// <summary>Key, server, watermark and item of a request, and whether it would be a hit.</summary>
    public ValueTask<CacheInspection> InspectAsync(
        CachedMethod method, NodeName node, IMessage request, long? callerId = null, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>The watermark of a node on each server; null where there is none or the server is down.</summary>
    public ValueTask<IReadOnlyList<(MemcachedServer Server, Watermark? Watermark)>> WatermarksAsync(
        NodeName node, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Makes every entry of a node void on every server, by taking its watermarks away: the invalidator begins new generations.</summary>
    /// <returns>The servers that were reached.</returns>
    public ValueTask<int> FlushAsync(NodeName node, CancellationToken cancellation = default) => throw new NotImplementedException();
}
