using System.Collections.Concurrent;
using InstaGrpc.Contracts;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>
/// Refills whose winner had no right to refill yet: when the interval is over he asks again, and refills if he still (or again) holds the lease and gets
/// the right. One for each key, however often the key is marked and won in the meantime.
/// </summary>
internal sealed class RefillSchedule(CacheRuntime runtime)
{
    private readonly ConcurrentDictionary<EntryName, Pending> _pending = new();

    public int Count => _pending.Count;

    public void Schedule(WonLease lease, IHandlerRun run, long? callerId, TimeSpan wait)
    {
        while (true)
        {
            if (_pending.TryGetValue(lease.Flight.Name, out var there))
            {
                // Of two wins of the key the later one counts: the earlier one's CAS is worth nothing any more.
                if (there.TryReplace(lease, run, callerId))
                {
                    return;
                }

                _pending.TryRemove(KeyValuePair.Create(lease.Flight.Name, there));
            }

            var pending = new Pending(lease, run, callerId);
            if (_pending.TryAdd(lease.Flight.Name, pending))
            {
                runtime.Background.Run(static work => work.schedule.RunAsync(work.pending, work.wait), (schedule: this, pending, wait));
                return;
            }
        }
    }

    private async Task RunAsync(Pending pending, TimeSpan wait)
    {
        try
        {
            while (true)
            {
                await Task.Delay(wait, runtime.Time, runtime.Background.Stopping).ConfigureAwait(false);
                var held = pending.Lease;
                var lease = await AskAgainAsync(pending).ConfigureAwait(false);
                if (lease is null)
                {
                    if (pending.TryClose(held))
                    {
                        break;
                    }

                    // A later win came in while this one was found to be over.
                    wait = TimeSpan.Zero;
                    continue;
                }

                pending.Hold(lease);
                var place = lease.Entry;
                if (!runtime.Clock.TryGetNow(place.Method.Node.Name, out var now))
                {
                    await Refiller.GiveBackAsync(lease).ConfigureAwait(false);
                    pending.Close();
                    break;
                }

                var interval = RefillRight.Interval(place.Method.Method.Policy.MaxStale);
                var again = await RefillRight.TryTakeAsync(place.Server, runtime.Options.Prefix, lease.Key, interval, now).ConfigureAwait(false);
                if (again is null)
                {
                    // While the right was asked for, the key may have been marked and won here once more. Under the earlier win's CAS the
                    // query would be for nothing, and the later win would be nobody's.
                    var (last, run, callerId) = pending.Close();
                    Forget(last.Flight.Name, pending);
                    runtime.Flights.Add(last.Flight);
                    var whole = place.Method.Method.Contract.Policy.Deadline;
                    await Refiller.FlyAsync(last, run, Priority.Normal, callerId, whole, admitted: false).ConfigureAwait(false);
                    return;
                }

                wait = again.Value;
            }
        }
        catch (Exception e) when (e is MemcachedException or OperationCanceledException)
        {
            var (lease, _, _) = pending.Close();
            await Refiller.GiveBackAsync(lease).ConfigureAwait(false);
        }

        Forget(pending.Lease.Flight.Name, pending);
    }

    /// <summary>The lease to refill under; null: somebody else has it, or has filled.</summary>
    private static async ValueTask<WonLease?> AskAgainAsync(Pending pending)
    {
        var held = pending.Lease;
        var place = held.Entry;
        var known = await place.Slot.GetAsync(CancellationToken.None).ConfigureAwait(false);
        if (known?.Watermark is not { } watermark || watermark.Generation != held.Generation)
        {
            return null;
        }

        var before = new CopyClaim(watermark.Lo, place.Runtime.Stripes.Read(place.RingHash), watermark.Owner);
        var reply = await place.Server.GetAsync(held.Key, new MetaGet()).ConfigureAwait(false);
        if (!reply.IsHit || !reply.Stale)
        {
            return null;
        }

        if (!reply.Won)
        {
            return pending.Lease is { } latest && reply.Cas == latest.Cas ? latest : null;
        }

        var header = default(EntryHeader);
        var over = reply.Value is { Length: > 0 } value && EntryHeader.TryRead(value, out header) ? WonOver.Marked : WonOver.Stub;
        return new WonLease(new Flight(held.Flight.Name, reply.Cas), place, held.Generation, over, header.FillId, before);
    }

    private void Forget(EntryName name, Pending pending) => _pending.TryRemove(KeyValuePair.Create(name, pending));

    private sealed class Pending(WonLease lease, IHandlerRun run, long? callerId)
    {
        private readonly Lock _lock = new();
        private WonLease _lease = lease;
        private IHandlerRun _run = run;
        private long? _callerId = callerId;
        private bool _closed;

        public WonLease Lease
        {
            get
            {
                lock (_lock)
                {
                    return _lease;
                }
            }
        }

        /// <summary>False: it is over; the caller needs one of his own.</summary>
        public bool TryReplace(WonLease lease, IHandlerRun run, long? callerId)
        {
            lock (_lock)
            {
                // Two callers ask for the right at their own pace, so the earlier win may come here last. In the later one's place it would
                // be found lost when the interval is over, and the key would be won with nobody to refill it until the lease ends.
                if (!_closed && lease.Cas > _lease.Cas)
                {
                    (_lease, _run, _callerId) = (lease, run, callerId);
                }

                return !_closed;
            }
        }

        public void Hold(WonLease lease)
        {
            lock (_lock)
            {
                // Not over a later win that came in meanwhile.
                _lease = lease.Cas > _lease.Cas ? lease : _lease;
            }
        }

        /// <summary>Ends it unless a later lease than this one has come in.</summary>
        public bool TryClose(WonLease unless)
        {
            lock (_lock)
            {
                return _closed = ReferenceEquals(_lease, unless);
            }
        }

        public (WonLease Lease, IHandlerRun Run, long? CallerId) Close()
        {
            lock (_lock)
            {
                _closed = true;
                return (_lease, _run, _callerId);
            }
        }
    }
}
