using System.Globalization;
using System.Text;
using Google.Protobuf;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Looks at the cache as a reader finds it, and takes nothing from readers: makes no lease and keeps no refill.</summary>
/// <remarks>memcached tells only a reader that an item is marked, and gives the first one who asks the right to refill it. So a look at a marked item
/// wins that right and gives it back at once: who asks in that moment finds a refill under way, and wins with his next poll. Were this process to die
/// between the two, the item would be as one whose winner died.</remarks>
public sealed class CacheInspector(CachedReads reads)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);

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
        var now = reads.Runtime.Clock.TryGetNow(node, out var clock) ? clock : (DateTime?)null;
        var key = watermark is null ? place.Ring : place.Under(watermark.Generation);
        var inspection = new CacheInspection
        {
            Server = place.Server.Address,
            Contract = at.Number,
            Watermark = watermark,
            Lag = now - watermark?.AsOf,
            Key = Encoding.ASCII.GetString(key),
            Because = "there is no watermark on this server: no invalidator looks after it, so reads are uncached",
        };
        if (watermark is null)
        {
            return inspection;
        }

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

        if (place.Page is not null)
        {
            // The version is never marked, so a look wins nothing.
            var version = await place.Server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, cancellation).ConfigureAwait(false);
            if (ListVersion.Read(version) is not { } current)
            {
                return inspection with { Because = "the list has no version: it was changed, and not read since" };
            }

            key = ListVersion.PageKey(place, key, current);
            inspection = inspection with { Key = Encoding.ASCII.GetString(key) };
        }

        return await LookAsync(inspection, place, key, now).ConfigureAwait(false);
    }

    /// <summary>What a reader would find under the key, by the rules of "Reading" 2 to 4.</summary>
    private async ValueTask<CacheInspection> LookAsync(CacheInspection inspection, EntryPlace place, byte[] key, DateTime? now)
    {
        // Not with the caller's cancellation: what is won here must be given back.
        var item = await place.Server.GetAsync(
            key, new MetaGet { Return = MetaReturn.Value | MetaReturn.Cas | MetaReturn.Ttl }).ConfigureAwait(false);
        if (item.Won)
        {
            await Lease.GiveBackAsync(place.Server, key, item.Cas, item.Stale).ConfigureAwait(false);
        }

        if (!item.IsHit)
        {
            return inspection with { Because = "there is no such item: never read in this generation, invalidated, expired or evicted" };
        }

        inspection = inspection with { ExpiresInSeconds = item.Ttl };
        if (item.Value is not { Length: > 0 } value)
        {
            return inspection with { State = "leased", Because = "a reader holds the lease and has not filled it yet" };
        }

        if (!EntryHeader.TryRead(value, out var header))
        {
            return inspection with { State = "foreign", Because = "another build wrote it, in a form that this one does not know: reads are uncached" };
        }

        var state = !item.Stale ? "valid" : item.Won ? "marked" : "refilling";
        inspection = inspection with { State = state, Age = now - header.FilledAt, AnswerBytes = value.Length - EntryHeader.Bytes };
        if (item.Stale)
        {
            var others = place.Settings.MaxStale > TimeSpan.Zero
                ? string.Create(
                    CultureInfo.InvariantCulture, $"others may have it until {place.Settings.MaxStale.TotalMilliseconds:0} ms after it was last seen valid")
                : "nobody is given the old value";
            return inspection with { Because = $"it is marked: {(item.Won ? "the next reader refills it" : "a reader refills it now")}, {others}" };
        }

        if (inspection.Lag is not { } lag || inspection.Age is not { } age)
        {
            return inspection with { Because = "PostgreSQL's clock is not known, so neither the lag is: nothing is served from the cache" };
        }

        var limit = reads.Runtime.Options.MaxLag;
        return lag <= limit
            ? inspection with { WouldHit = true, Because = "it is there, and invalidation is up to date" }
            : inspection with
            {
                WouldHit = age <= limit,
                Because = string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is there, but nothing was invalidated for {lag.TotalSeconds:0.0} s: only values at most "
                    + $"{limit.TotalSeconds:0.###} s old are served (Insta:Cache:MaxLag)"),
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

    /// <summary>Makes every entry of a node void on every server, by taking its watermarks away: the invalidator begins new generations. Readers notice
    /// within 250 ms.</summary>
    /// <param name="node">The node.</param>
    /// <param name="patience">How long to wait for each new generation.</param>
    /// <param name="cancellation">Gives up; what is taken away stays so.</param>
    /// <returns>What became of each server.</returns>
    public async ValueTask<IReadOnlyList<FlushedServer>> FlushAsync(NodeName node, TimeSpan patience, CancellationToken cancellation = default) =>
        await Task.WhenAll((reads.Runtime.Pool?.Servers ?? []).Select(server => FlushAsync(server, node, patience, cancellation))).ConfigureAwait(false);

    private async Task<FlushedServer> FlushAsync(MemcachedServer server, NodeName node, TimeSpan patience, CancellationToken cancellation)
    {
        try
        {
            var before = (await ReadAsync(server, node, cancellation).ConfigureAwait(false))?.Generation;
            await server.DeleteAsync(KeyLayout.Watermark(reads.Runtime.Options.Prefix, node), default, cancellation).ConfigureAwait(false);
            var since = reads.Runtime.Time.GetTimestamp();
            while (true)
            {
                var now = (await ReadAsync(server, node, cancellation).ConfigureAwait(false))?.Generation;
                if ((now is not null && now != before) || reads.Runtime.Time.GetElapsedTime(since) >= patience)
                {
                    return new FlushedServer(server, IsReached: true, now != before ? now : null);
                }

                await Task.Delay(_look, reads.Runtime.Time, cancellation).ConfigureAwait(false);
            }
        }
        catch (MemcachedException)
        {
            return new FlushedServer(server, IsReached: false, Generation: null);
        }
    }

    private async ValueTask<Watermark?> ReadAsync(MemcachedServer server, NodeName node, CancellationToken cancellation)
    {
        var reply = await server.GetAsync(
            KeyLayout.Watermark(reads.Runtime.Options.Prefix, node), new MetaGet { Return = MetaReturn.Value }, cancellation).ConfigureAwait(false);
        return reply.IsHit ? Watermark.TryRead(reply.Value) : null;
    }
}
