using System.Diagnostics;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Host.Demo;

/// <summary>How far memcached is invalidated for a node, as the watermarks say.</summary>
internal sealed class StreamMarks(MemcachedPool pool, string prefix)
{
    /// <summary>Waits until every server has applied the position.</summary>
    /// <returns>The time that it took; null when the limit was over.</returns>
    public async Task<TimeSpan?> WaitAsync(NodeName node, ReplayPosition position, TimeSpan limit, CancellationToken ct)
    {
        var key = KeyLayout.Watermark(prefix, node);
        var began = Stopwatch.GetTimestamp();
        foreach (var server in pool.Servers)
        {
            while (true)
            {
                if (await LoAsync(server, key, ct) >= position) break;
                if (Stopwatch.GetElapsedTime(began) > limit) return null;
            }
        }
        return Stopwatch.GetElapsedTime(began);
    }

    private static async Task<ReplayPosition> LoAsync(MemcachedServer server, byte[] key, CancellationToken ct)
    {
        try
        {
            var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, ct);
            return reply.Value is { } value && Watermark.TryRead(value) is { } watermark ? watermark.Lo : ReplayPosition.Origin;
        }
        catch (MemcachedException)
        {
            // Away or slow: not marked, as far as anybody can see.
            return ReplayPosition.Origin;
        }
    }
}
