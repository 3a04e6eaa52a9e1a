using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>One caller's batch on one node: one multi-get a server, one handler run for what is missing, each item filled under its own lease. Its own
/// leases are filled before it waits for others': two batches that hold what the other wants would otherwise wait for each other.</summary>
internal sealed class BatchRead(
    CachedMethod method, NodeState node, MethodOnNode? at, UncachedReason reason, CacheSettings common, ProlongedEntries prolonged, IItemKeys items,
    ReadConditions conditions, IBatchRun run, long began)
{
    private readonly CacheRuntime _runtime = node.Runtime;
    private readonly CacheAnswer?[] _answers = new CacheAnswer?[items.Count];
    private readonly List<int> _uncached = [];
    private readonly List<Asked> _asked = [];
    private readonly List<Task> _later = [];

    public async ValueTask<CacheAnswer[]> RunAsync(CancellationToken cancellation)
    {
        if (at is null)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Skip(i, reason);
            }
        }
        else
        {
            var wanted = new List<(int Item, EntryPlace Place)>(items.Count);
            for (var i = 0; i < items.Count; i++)
            {
                if (Place(i) is { } place)
                {
                    wanted.Add((i, place));
                }
            }

            await AskAsync(wanted, cancellation).ConfigureAwait(false);
        }

        var leases = new List<(int Item, WonLease Lease)>();
        var waiting = new List<Asked>();
        try
        {
            await SortAsync(leases, waiting, cancellation).ConfigureAwait(false);
        }
        catch
        {
            foreach (var (_, lease) in leases)
            {
                _runtime.Flights.Remove(lease.Flight);
                lease.Flight.Complete(FlightEnd.Abandoned(UncachedReason.ServerDown));
                await Refiller.GiveBackAsync(lease).ConfigureAwait(false);
            }

            throw;
        }

        if (leases.Count + _uncached.Count > 0)
        {
            await FillAsync(leases, cancellation).ConfigureAwait(false);
        }

        foreach (var asked in waiting)
        {
            _later.Add(WaitAsync(asked, cancellation));
        }

        await Task.WhenAll(_later).ConfigureAwait(false);
        var result = new CacheAnswer[_answers.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = _answers[i]!.Value;
        }

        return result;
    }

    /// <summary>Where an item lies; null if there is a copy of it in the process, or no server.</summary>
    private EntryPlace? Place(int item)
    {
        var settings = prolonged.Count == 0 ? common : prolonged.Of(method.IdOf(items, item), common);
        var writer = new KeyWriter(stackalloc byte[320]);
        try
        {
            at!.WriteRing(ref writer, items, item, conditions.CallerId);
            var hash = KeyHash.Compute(writer.Written);
            var slot = node.On(_runtime.Pool!.OwnerOf(writer.Written));
            if (settings.L1Ttl > TimeSpan.Zero && LocalCopies.Find(at, slot, hash, writer.Written, EntryRead.TokenOf(conditions)) is { } copy)
            {
                Answer(item, LocalCopies.ToAnswer(copy));
                return null;
            }

            return new EntryPlace(at, slot, writer.Written.ToArray(), hash, null, settings);
        }
        finally
        {
            writer.Dispose();
        }
    }

    private async ValueTask AskAsync(List<(int Item, EntryPlace Place)> wanted, CancellationToken cancellation)
    {
        var token = EntryRead.TokenOf(conditions);
        var known = new Dictionary<WatermarkSlot, (KnownWatermark? Known, UncachedReason Reason)>();
        foreach (var (_, place) in wanted)
        {
            // A handful of servers; their watermarks are there already unless they are old.
            if (!known.ContainsKey(place.Slot))
            {
                known[place.Slot] = await EntryRead.ReachAsync(place.Slot, at!, _runtime, token, cancellation).ConfigureAwait(false);
            }
        }

        var askedAt = _runtime.Time.GetTimestamp();
        foreach (var (item, place) in wanted)
        {
            var (watermark, fault) = known[place.Slot];
            if (fault != UncachedReason.None)
            {
                Skip(item, fault);
                continue;
            }

            var mark = watermark!.Watermark!;
            _asked.Add(new Asked(
                item, place, watermark, place.Under(mark.Generation), new CopyClaim(mark.Lo, _runtime.Stripes.Read(place.RingHash), mark.Owner), askedAt));
        }

        if (_asked.Count == 0)
        {
            return;
        }

        var keys = new ServerKey[_asked.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = new ServerKey(_asked[i].Place.Server, _asked[i].Key);
        }

        // Not with the caller's cancellation: leases that nobody knows of would have to run out.
        var replies = new MetaReply[keys.Length];
        await _runtime.Pool!.GetManyAsync(keys, replies, LeaseQuestion.Of(_asked[0].Place)).ConfigureAwait(false);
        for (var i = 0; i < keys.Length; i++)
        {
            _asked[i].Reply = replies[i];
        }
    }

    private async ValueTask SortAsync(List<(int, WonLease)> leases, List<Asked> waiting, CancellationToken cancellation)
    {
        var rights = new List<(Asked Asked, Task<EntryRead.Sorted> Sorted)>();
        foreach (var asked in _asked)
        {
            asked.Read = new EntryRead(asked.Place, conditions, new ItemRun(run, asked.Item), began);
            var sorted = asked.Read.SortAsync(asked.Known, asked.Key, asked.Before, asked.AskedAt, asked.Reply);
            if (sorted.IsCompletedSuccessfully)
            {
                Take(asked, sorted.Result);
            }
            else
            {
                // Marked values whose refill right is asked for: all at a time.
                rights.Add((asked, sorted.AsTask()));
            }
        }

        foreach (var (asked, sorted) in rights)
        {
            Take(asked, await sorted.ConfigureAwait(false));
        }

        void Take(Asked asked, EntryRead.Sorted sorted)
        {
            if (sorted.Answer is { } answer)
            {
                Answer(asked.Item, answer);
            }
            else if (sorted.Lease is { } lease)
            {
                leases.Add((asked.Item, lease));
            }
            else if (sorted.Uncached != UncachedReason.None)
            {
                Skip(asked.Item, sorted.Uncached);
            }
            else
            {
                waiting.Add(asked);
            }
        }
    }

    private async ValueTask FillAsync(List<(int Item, WonLease Lease)> leases, CancellationToken cancellation)
    {
        var flight = new BatchFlight(method, node, leases, _uncached, conditions, run, began);
        IReadOnlyDictionary<int, HandlerAnswer> answers;
        if (leases.Count == 0)
        {
            answers = await flight.RunUncachedAsync(cancellation).ConfigureAwait(false);
        }
        else
        {
            // As a flight of one key: it outlives this call.
            _runtime.Background.Run(static flight => flight.FlyAsync(), flight);
            answers = await flight.Answers.WaitAsync(cancellation).ConfigureAwait(false);
        }

        foreach (var (item, lease) in leases)
        {
            // A flight that was filled has kept a copy; one that lost has not.
            var end = lease.Flight.End.IsCompletedSuccessfully ? lease.Flight.End.Result : null;
            var found = answers[item];
            Answer(item, end is { Result: FlightResult.Filled or FlightResult.Lost }
                ? end.ToAnswer()
                : new CacheAnswer(CacheLevel.Uncached, found.IsPresent, found.Bytes, found.Message) { Uncached = end?.Reason ?? UncachedReason.ServerDown });
        }

        foreach (var item in _uncached)
        {
            var found = answers[item];
            Answer(item, new CacheAnswer(CacheLevel.Uncached, found.IsPresent, found.Bytes, found.Message) { Uncached = _reasons[item] });
        }
    }

    private async Task WaitAsync(Asked asked, CancellationToken cancellation) =>
        _answers[asked.Item] = await asked.Read!.ContinueAsync(
            asked.Known, asked.Key, asked.Before, asked.AskedAt, asked.Reply, cancellation).ConfigureAwait(false);

    private readonly Dictionary<int, UncachedReason> _reasons = [];

    private void Skip(int item, UncachedReason why)
    {
        _uncached.Add(item);
        _reasons[item] = why;
        method.Counters.Uncached(why);
    }

    private void Answer(int item, in CacheAnswer answer)
    {
        _answers[item] = answer;
        method.Counters.Answered(answer.Level);
    }

    private sealed class Asked(int item, EntryPlace place, KnownWatermark known, byte[] key, CopyClaim before, long askedAt)
    {
        public int Item => item;

        public EntryPlace Place => place;

        public KnownWatermark Known => known;

        public byte[] Key => key;

        public CopyClaim Before => before;

        public long AskedAt => askedAt;

        public MetaReply Reply { get; set; }

        public EntryRead? Read { get; set; }
    }
}
