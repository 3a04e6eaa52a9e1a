using System.Text;
using Google.Protobuf;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Looks at the cache without touching it: takes no lease, wins no refill, changes no CAS. (A look with <c>mg</c> would win a marked item's refill, so
/// values are not read; memcached tells nobody but a reader that an item is marked, so that is told from its time to live.)</summary>
public sealed class CacheInspector(CachedReads reads)
{
    // What memcached keeps beside key and value of an item that has a CAS.
    private const int ItemOverhead = 48 + 8 + 1 + 2;

    /// <summary>Key, server, watermark and item of a request, and whether it would be a hit.</summary>
    /// <param name="method">The method.</param>
    /// <param name="node">The node that its shard key names.</param>
    /// <param name="request">The request.</param>
    /// <param name="callerId">For methods that vary by caller.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="MemcachedException">The server can't be asked.</exception>
    public async ValueTask<CacheInspection> InspectAsync(
        CachedMethod method, NodeName node, IMessage request, long? callerId = null, CancellationToken cancellation = default)
    {
        var reason = reads.Resolve(method, node, method.Settings, out var at);
        if (at is null)
        {
            return new CacheInspection
            {
                Because = reason == UncachedReason.Off
                    ? "caching is off: no memcached is configured, or Insta:Methods switches this method off"
                    : "the contract is not announced, not published on this node yet, or was refused here (see insta contracts)",
            };
        }

        var place = reads.Place(at, request, callerId);
        var watermark = await ReadAsync(place.Server, node, cancellation).ConfigureAwait(false);
        var inspection = new CacheInspection
        {
            Server = place.Server.Address,
            Contract = at.Number,
            Watermark = watermark,
            Because = "there is no watermark on this server: no invalidator looks after it, so reads are uncached",
            Key = Encoding.ASCII.GetString(place.Ring),
        };
        if (watermark is null)
        {
            return inspection;
        }

        var lag = reads.Runtime.Clock.TryGetNow(node, out var now) ? now - watermark.AsOf : (TimeSpan?)null;
        var key = place.Under(watermark.Generation);
        if (place.Page is not null)
        {
            // The version is never marked, so it may be read.
            var version = await place.Server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, cancellation).ConfigureAwait(false);
            if (ListVersion.Read(version) is not { } current)
            {
                return inspection with
                {
                    Key = Encoding.ASCII.GetString(key), Lag = lag, Because = "the list has no version: it was changed, and not read since",
                };
            }

            key = ListVersion.PageKey(place, key, current);
        }

        inspection = inspection with { Key = Encoding.ASCII.GetString(key), Lag = lag };
        if (watermark.Ring != reads.Runtime.Pool!.Ring.Version)
        {
            return inspection with
            {
                Because = $"the watermark is of ring {watermark.Ring}, this process places keys by ring {reads.Runtime.Pool.Ring.Version}",
            };
        }

        if (!at.Number.IsHonouredAt(watermark.Contracts))
        {
            return inspection with { Because = $"the invalidator honours contracts up to {watermark.Contracts} here, and this one is {at.Number}" };
        }

        var item = await place.Server.DebugAsync(key, cancellation).ConfigureAwait(false);
        if (item is null)
        {
            return inspection with { Because = "there is no such item: never read in this generation, invalidated, expired or evicted" };
        }

        inspection = inspection with { Item = item };
        if (item.SizeBytes < key.Length + ItemOverhead + (EntryHeader.Bytes / 2))
        {
            return inspection with { State = "leased", Because = "a reader holds the lease and has not filled it yet" };
        }

        var markedFor = Math.Max(Math.Ceiling(method.Policy.MaxStale.TotalSeconds) + 1, at.LeaseSeconds);
        if (method.Policy.MaxStale > TimeSpan.Zero && item.ExpiresInSeconds >= 0 && item.ExpiresInSeconds <= markedFor)
        {
            return inspection with { State = "marked", Because = "it is marked: the next reader refills it, others may have it while the contract allows" };
        }

        return inspection with
        {
            State = "valid",
            WouldHit = true,
            Because = lag > reads.Runtime.Options.MaxLag
                ? $"it is there, but the stream is away for {lag.Value.TotalSeconds:0.0} s: it is served only while younger than Insta:Cache:MaxLag"
                : "it is there, and invalidation is up to date",
        };
    }

    /// <summary>The watermark of a node on each server; null where there is none or the server is down.</summary>
    public async ValueTask<IReadOnlyList<(MemcachedServer Server, Watermark? Watermark)>> WatermarksAsync(
        NodeName node, CancellationToken cancellation = default)
    {
        var found = new List<(MemcachedServer, Watermark?)>();
        foreach (var server in reads.Runtime.Pool?.Servers ?? [])
        {
            try
            {
                found.Add((server, await ReadAsync(server, node, cancellation).ConfigureAwait(false)));
            }
            catch (MemcachedException)
            {
                found.Add((server, null));
            }
        }

        return found;
    }

    /// <summary>Makes every entry of a node void on every server, by taking its watermarks away: the invalidator begins new generations.</summary>
    /// <returns>The servers that were reached.</returns>
    public async ValueTask<int> FlushAsync(NodeName node, CancellationToken cancellation = default)
    {
        var reached = 0;
        foreach (var server in reads.Runtime.Pool?.Servers ?? [])
        {
            try
            {
                await server.DeleteAsync(KeyLayout.Watermark(reads.Runtime.Options.Prefix, node), default, cancellation).ConfigureAwait(false);
                reached++;
            }
            catch (MemcachedException)
            {
                // Said by the count.
            }
        }

        return reached;
    }

    private async ValueTask<Watermark?> ReadAsync(MemcachedServer server, NodeName node, CancellationToken cancellation)
    {
        var reply = await server.GetAsync(
            KeyLayout.Watermark(reads.Runtime.Options.Prefix, node), new MetaGet { Return = MetaReturn.Value }, cancellation).ConfigureAwait(false);
        return reply.IsHit ? Watermark.TryRead(reply.Value) : null;
    }
}
