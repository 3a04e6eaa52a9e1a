using System.Security.Cryptography;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>What the winner of a lease does ("Reading" 3): fence, handler, fill; and what becomes of a fill that came too late.</summary>
internal static class Refiller
{
    // memcached keeps an item's key and header in its 1 MiB too.
    private const int LargestItem = (1024 * 1024) - 512;

    /// <summary>A flight from its lease to its end. Never throws: the end says what happened.</summary>
    /// <param name="lease">Won.</param>
    /// <param name="run">The handler.</param>
    /// <param name="priority">Of who won.</param>
    /// <param name="callerId">Of who won.</param>
    /// <param name="whole">How long it may fly.</param>
    /// <param name="admitted">It takes place inside a run that has been let in.</param>
    public static async Task FlyAsync(WonLease lease, IHandlerRun run, Priority priority, long? callerId, TimeSpan whole, bool admitted)
    {
        var place = lease.Entry;
        var method = place.Method.Method;
        var runtime = place.Runtime;
        FlightEnd end;
        using var limit = new CancellationTokenSource(whole > TimeSpan.Zero ? whole : TimeSpan.Zero, runtime.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, runtime.Background.Stopping);
        var began = runtime.Time.GetTimestamp();
        method.Counters.LeaseWon();
        var activity = CacheTracing.BeginRefill([lease], await CacheTracing.CausesAsync([lease]).ConfigureAwait(false));
        try
        {
            var (fence, reason) = await ReadFenceAsync(place.Slot, lease.Generation).ConfigureAwait(false);
            if (reason != UncachedReason.None)
            {
                // The key is of a generation that nobody reads any more, or the server is gone: there is no lease to give back.
                end = FlightEnd.Abandoned(reason);
            }
            else
            {
                lease.Flight.SetFence(fence);
                end = await RunAsync().ConfigureAwait(false);
            }

            async ValueTask<FlightEnd> RunAsync()
            {
                if (!admitted)
                {
                    await place.Method.Node.Admission.EnterAsync(
                        priority, whole - runtime.Time.GetElapsedTime(began), either.Token).ConfigureAwait(false);
                }

                HandlerAnswer answer;
                DateTime filledAt;
                try
                {
                    if (!runtime.Clock.TryGetNow(place.Method.Node.Name, out filledAt))
                    {
                        await GiveBackAsync(lease).ConfigureAwait(false);
                        return FlightEnd.Abandoned(UncachedReason.NoClock);
                    }

                    // Whoever joins from here on may not take the answer unless it is filled: the snapshot may be older than his call.
                    lease.Flight.HandlerStarts();
                    var context = new HandlerRunContext(
                        method, place.Method.Node.Name, fence, null, whole - runtime.Time.GetElapsedTime(began), callerId);
                    method.Counters.HandlerRun();
                    answer = await run.RunAsync(context, either.Token).ConfigureAwait(false);
                }
                finally
                {
                    if (!admitted)
                    {
                        place.Method.Node.Admission.Leave();
                    }
                }

                return await FillAsync(lease, answer, fence, filledAt).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            await GiveBackAsync(lease).ConfigureAwait(false);
            end = FlightEnd.Of(e, limit.Token);
        }

        // Gone from the table before its end is told: who comes now asks memcached, and finds the value there.
        runtime.Flights.Remove(lease.Flight);
        CacheTracing.End(activity, end);
        lease.Flight.Complete(end);
    }

    /// <summary>Reads the watermark after a lease. What it says was intended by then (<c>hi</c>) may or may not have been applied before the lease was
    /// given: an answer must include it. What is intended later is applied later, and takes the lease away.</summary>
    public static async ValueTask<(ReplayPosition Fence, UncachedReason Reason)> ReadFenceAsync(WatermarkSlot slot, ulong generation) =>
        await slot.ReadAsync().ConfigureAwait(false) switch
        {
            null => (default, UncachedReason.ServerDown),
            { Watermark: null } => (default, UncachedReason.NoWatermark),
            { Watermark: var watermark } when watermark.Generation != generation => (default, UncachedReason.GenerationChanged),
            { Watermark: var watermark } => (watermark.Hi, UncachedReason.None),
        };

    /// <summary>Fills a lease with what the handler found.</summary>
    public static async ValueTask<FlightEnd> FillAsync(WonLease lease, HandlerAnswer answer, ReplayPosition fence, DateTime filledAt)
    {
        var place = lease.Entry;
        var counters = place.Method.Method.Counters;
        var lost = new FlightEnd(FlightResult.Lost, answer, fence);
        if (!answer.IsCacheable || answer.Bytes.Length > LargestItem - EntryHeader.Bytes - lease.Key.Length)
        {
            counters.NotKept();
            await GiveBackAsync(lease).ConfigureAwait(false);
            return lost;
        }

        var header = new EntryHeader(NewRandom(), filledAt, fence, answer.IsPresent);
        var value = new byte[EntryHeader.Bytes + answer.Bytes.Length];
        header.Write(value);
        answer.Bytes.Span.CopyTo(value.AsSpan(EntryHeader.Bytes));
        var set = new MetaSet { Cas = lease.Cas, TtlSeconds = JitteredSeconds(place.Settings.Ttl) };
        try
        {
            switch ((await place.Server.SetAsync(lease.Key, value, set).ConfigureAwait(false)).Status)
            {
                case MetaStatus.Hit:
                    counters.Filled();
                    return new FlightEnd(FlightResult.Filled, answer, fence, Keep(place, lease.Generation, lease.Before, header, answer));
                case MetaStatus.Exists:
                    counters.LeaseLost();
                    if (place.Method.Method.Policy.MaxStale > TimeSpan.Zero && lease.Over != WonOver.Early)
                    {
                        await KeepAsStaleAsync(lease, value).ConfigureAwait(false);
                    }

                    return lost;
                default:
                    counters.LeaseLost();
                    return lost;
            }
        }
        catch (MemcachedException)
        {
            // Filled or not: nobody may count on it.
            counters.LeaseLost();
            return lost;
        }
    }

    /// <summary>Gives back what will not be filled. A value that was to be refreshed early is still good: it stays as it is.</summary>
    public static ValueTask GiveBackAsync(WonLease lease) => lease.Over == WonOver.Early
        ? ValueTask.CompletedTask
        : Lease.GiveBackAsync(lease.Entry.Server, lease.Key, lease.Cas, lease.Over == WonOver.Marked);

    /// <summary>Keeps a copy in this process, if the method has copies and their drops arrive.</summary>
    public static LocalCopy? Keep(EntryPlace place, ulong generation, in CopyClaim before, in EntryHeader header, in HandlerAnswer answer)
    {
        var runtime = place.Runtime;
        if (place.Settings.L1Ttl <= TimeSpan.Zero || !runtime.Copies.IsOn || !place.Method.Node.Drops.IsOpen(before.Owner))
        {
            return null;
        }

        var copy = new LocalCopy
        {
            Identity = place.Identity,
            IdentityHash = place.Page is null ? place.RingHash : KeyHash.Compute(place.Identity),
            Generation = generation,
            Lo = before.Lo,
            Drops = before.Drops,
            Header = header,
            Bytes = answer.Bytes,
            Message = answer.Message,
            ExpiresAt = runtime.Time.GetTimestamp() + (long)(place.Settings.L1Ttl.TotalSeconds * runtime.Time.TimestampFrequency),
        };
        runtime.Copies.Put(copy);
        return copy;
    }

    /// <summary>
    /// Keeps a value that came too late, as a marked one, so that a key which changes faster than it can be filled does not starve its readers.
    /// </summary>
    /// <remarks>
    /// The plain fill comes first: memcached answers <c>HD</c> to this one as well, and a good fill must not be taken for an old one or the reverse. Only
    /// over what the win was over: over somebody's later fill, refills would push each other out without end. The value's own fill id keeps it from
    /// passing for one that was seen valid. If somebody fills between the look and the write, an older value lies marked over his: one refill more.
    /// </remarks>
    private static async ValueTask KeepAsStaleAsync(WonLease lease, byte[] value)
    {
        var server = lease.Entry.Server;
        var now = await server.GetAsync(lease.Key, new MetaGet()).ConfigureAwait(false);
        if (!now.IsHit)
        {
            return;
        }

        var same = now.Value is { Length: > 0 } bytes
            ? EntryHeader.TryRead(bytes, out var header) && header.FillId == lease.FillId && lease.FillId != 0
            : lease.FillId == 0;
        if (!same || !now.Stale)
        {
            if (now.Won)
            {
                // The look itself took a right that others are waiting for.
                await Lease.GiveBackAsync(server, lease.Key, now.Cas, marked: true).ConfigureAwait(false);
            }

            return;
        }

        var pipeline = new MetaPipeline();
        pipeline.Set(lease.Key, value, new MetaSet { Cas = lease.Cas, KeepAsStale = true });
        pipeline.Delete(lease.Key, MetaDelete.Mark());
        await server.RunAsync(pipeline).ConfigureAwait(false);
        lease.Entry.Method.Method.Counters.KeptAsStale();
    }

    private static int JitteredSeconds(TimeSpan ttl) =>
        Math.Max(1, (int)Math.Round(ttl.TotalSeconds * (0.9 + (Random.Shared.NextDouble() * 0.2))));

    /// <summary>A number that was never used before, for all that matters.</summary>
    public static ulong NewRandom()
    {
        Span<byte> bytes = stackalloc byte[8];
        ulong number;
        do
        {
            RandomNumberGenerator.Fill(bytes);
            number = BitConverter.ToUInt64(bytes);
        }
        while (number == 0);

        return number;
    }
}
