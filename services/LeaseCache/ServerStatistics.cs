using System.Globalization;
using InstaGrpc.Caching;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;

namespace InstaGrpc.Services.LeaseCache;

/// <summary>How the region's memcached servers are, and how far each node's invalidation is on each of them.</summary>
internal sealed class ServerStatistics(CacheInspector inspector, NodePool nodes, INodeClock clock, MemcachedPool? pool = null)
{
    public async Task<ServerStats[]> ReadAsync(CancellationToken cancellation)
    {
        var asked = (pool?.Servers ?? []).Select(server => ReadAsync(server, cancellation)).ToArray();
        var watermarks = await Task.WhenAll(nodes.AllNodes.Select(async node =>
            (Node: node, Servers: await inspector.WatermarksAsync(node, cancellation).ConfigureAwait(false)))).ConfigureAwait(false);
        var read = await Task.WhenAll(asked).ConfigureAwait(false);
        foreach (var stats in read)
        {
            stats.Lags.Add(watermarks.Select(node =>
                LagOf(node.Node, node.Servers.FirstOrDefault(server => server.Server.Address == stats.Address).Watermark)));
        }
        return read;
    }

    private static async Task<ServerStats> ReadAsync(MemcachedServer server, CancellationToken cancellation)
    {
        try
        {
            var stats = await server.StatsAsync(cancellation: cancellation).ConfigureAwait(false);
            return new ServerStats
            {
                Address = server.Address,
                Up = true,
                Items = Number("curr_items"),
                Bytes = Number("bytes"),
                LimitBytes = Number("limit_maxbytes"),
                Evictions = Number("evictions"),
                Hits = Number("get_hits"),
                Misses = Number("get_misses"),
            };

            ulong Number(string name) =>
                stats.TryGetValue(name, out var text) && ulong.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;
        }
        catch (MemcachedException)
        {
            return new ServerStats { Address = server.Address };
        }
    }

    private NodeLag LagOf(NodeName node, Watermark? watermark)
    {
        if (watermark is null)
        {
            return new NodeLag { Node = node.Value };
        }
        // An unknown clock is told as the longest lag, not as none.
        var lag = clock.TryGetNow(node, out var now) ? (now - watermark.AsOf).TotalMilliseconds : uint.MaxValue;
        return new NodeLag
        {
            Node = node.Value, Present = true, Generation = watermark.Generation, LagMs = (uint)Math.Clamp(lag, 0, uint.MaxValue),
        };
    }
}
