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
                var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, ct);
                if (reply.Value is { } value && Watermark.TryRead(value) is { } watermark && watermark.Lo >= position) break;
                if (Stopwatch.GetElapsedTime(began) > limit) return null;
            }
        }
        return Stopwatch.GetElapsedTime(began);
    }
}
