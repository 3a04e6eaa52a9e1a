using System.Runtime.CompilerServices;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>One caller's read of one entry: "Reading" 1 to 5 of the cache protocol, after the copy in the process was looked at. Not for several threads at
/// a time, and for one read.</summary>
/// <remarks>
/// Every answer that is not this caller's own handler run was valid at a moment after the call began: a hit when <c>mg</c> was answered, a flight's value
/// when its fill was answered; a poll counts only when it was sent after the wait began.
/// </remarks>
internal sealed partial class EntryRead(EntryPlace place, ReadConditions conditions, IHandlerRun run, long began)
{
    // A caller who loses asks again three times; the other reasons to start over (a valid value that is too old, a winner that died) are rarer still.
    private const int MostLosses = 4;
    private const int MostTurns = 16;

    private readonly CacheRuntime _runtime = place.Runtime;
    private readonly MethodCounters _counters = place.Method.Method.Counters;
    private readonly TimeSpan _maxStale = MaxStaleOf(place.Settings, conditions);
    private readonly TokenPosition? _token = TokenOf(conditions);

    // Of the last question asked.
    private KnownWatermark _known = null!;
    private EntryName _name;
    private CopyClaim _before;
    private long _askedAt;
    private int _losses;

    /// <summary>The limit of staleness: the contract's, narrowed by the operator and the caller; none inside another cached method's run, whose own value
    /// would keep it.</summary>
    public static TimeSpan MaxStaleOf(CacheSettings settings, in ReadConditions conditions) =>
        conditions.Within is not null ? TimeSpan.Zero
        : conditions.MaxStale is { } own && own < settings.MaxStale ? own
        : settings.MaxStale;

    /// <summary>What the answer must include: the caller's token, and inside another run what that run's answer must include.</summary>
    public static TokenPosition? TokenOf(in ReadConditions conditions) =>
        conditions.Within?.NestedToken is not { } fence ? conditions.Token
        : conditions.Token is { } own && own.CompareTo(fence) > 0 ? own
        : fence;

    /// <summary>Asks, and follows the answers until there is one for the caller.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CacheAnswer> RunAsync(CancellationToken cancellation)
    {
        var reason = UncachedReason.LostTooOften;
        try
        {
            for (var turn = 0; turn < MostTurns && _losses < MostLosses; turn++)
            {
                cancellation.ThrowIfCancellationRequested();
                (var known, reason) = await ReachAsync(place.Slot, place.Method, _runtime, _token, cancellation).ConfigureAwait(false);
                if (reason != UncachedReason.None)
                {
                    break;
                }

                // With the watermark read anew, a copy may be good that was not when it was looked at first.
                if (place.Settings.L1Ttl > TimeSpan.Zero
                    && LocalCopies.Find(place.Method, place.Slot, place.RingHash, place.Identity, _token) is { } copy)
                {
                    return Counted(LocalCopies.ToAnswer(copy));
                }

                var key = Prepare(known!);
                MetaReply reply;
                if (place.Page is null)
                {
                    // Not with the caller's cancellation: a lease won by a call that was given up would belong to nobody.
                    reply = await place.Server.GetAsync(key, LeaseQuestion.Of(place)).ConfigureAwait(false);
                }
                else
                {
                    (key, reply) = await ListVersion.AskAsync(place, key, LeaseQuestion.Of(place)).ConfigureAwait(false);
                }

                _name = new EntryName(key);

                // A plain hit, which is nearly every read, needs no second state machine.
                if (reply is { Stale: false, Value.Length: > 0 }
                    && Look(reply, out var header, out var now) == UncachedReason.None && Valid(reply, mine: true, header, now) is { } hit)
                {
                    return Counted(hit);
                }

                var step = await FollowAsync(reply, cancellation).ConfigureAwait(false);
                if (step.Answer is { } answer)
                {
                    return Counted(answer);
                }

                reason = step.Uncached;
                if (reason != UncachedReason.None)
                {
                    break;
                }

                reason = UncachedReason.LostTooOften;
            }
        }
        catch (MemcachedException)
        {
            reason = UncachedReason.ServerDown;
        }

        return await UncachedRun.RunAsync(place.Method.Method, place.Method.Node, conditions, run, began, reason, cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Follows a reply that a batch has already.</summary>
    public async ValueTask<CacheAnswer> ContinueAsync(
        KnownWatermark known, byte[] key, CopyClaim before, long askedAt, MetaReply reply, CancellationToken cancellation)
    {
        (_known, _name, _before, _askedAt) = (known, new EntryName(key), before, askedAt);
        try
        {
            var step = await FollowAsync(reply, cancellation).ConfigureAwait(false);
            if (step.Answer is { } answer)
            {
                return Counted(answer);
            }

            if (step.Uncached != UncachedReason.None)
            {
                return await UncachedRun.RunAsync(
                    place.Method.Method, place.Method.Node, conditions, run, began, step.Uncached, cancellation).ConfigureAwait(false);
            }
        }
        catch (MemcachedException)
        {
            // Asking again meets the same server, and says so.
        }

        return await RunAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether a watermark lets this method be served from its server.</summary>
    public static UncachedReason Check(KnownWatermark? known, MethodOnNode method, CacheRuntime runtime) =>
        known is null ? UncachedReason.ServerDown
        : known.Watermark is not { } watermark ? UncachedReason.NoWatermark
        : watermark.Ring != runtime.Pool!.Ring.Version ? UncachedReason.OtherRing
        : !method.Number.IsHonouredAt(watermark.Contracts) ? UncachedReason.NotHonoured
        : UncachedReason.None;

    /// <summary>Waits for a token before the entry is asked for. Only then does an unmarked value prove that the write is in it.</summary>
    public static async ValueTask<(KnownWatermark? Known, UncachedReason Reason)> ReachAsync(
        WatermarkSlot slot, MethodOnNode method, CacheRuntime runtime, TokenPosition? token, CancellationToken cancellation)
    {
        var known = await slot.GetAsync(cancellation).ConfigureAwait(false);
        var reason = Check(known, method, runtime);
        if (reason != UncachedReason.None || token is not { } wanted || known!.Reaches(wanted))
        {
            return (known, reason);
        }

        if (known.Watermark!.Lo.Timeline < wanted.Timeline)
        {
            return (known, UncachedReason.OtherTimeline);
        }

        known = await slot.WaitForAsync(wanted, cancellation).ConfigureAwait(false);
        reason = Check(known, method, runtime);
        return (known, reason == UncachedReason.None && !known!.Reaches(wanted) ? UncachedReason.TokenAhead : reason);
    }

    /// <summary>What a reply comes to without waiting, for a batch that fills its own leases first: an answer, a lease to fill (in the table of flights
    /// already), a reason to go past the cache, or nothing: <see cref="ContinueAsync"/>.</summary>
    public async ValueTask<Sorted> SortAsync(KnownWatermark known, byte[] key, CopyClaim before, long askedAt, MetaReply reply)
    {
        (_known, _name, _before, _askedAt) = (known, new EntryName(key), before, askedAt);
        var fault = Look(reply, out var header, out var now);
        if (fault != UncachedReason.None)
        {
            await GiveBackAsync(reply, mine: true).ConfigureAwait(false);
            return new Sorted(null, null, fault);
        }

        var hasValue = reply.Value is { Length: > 0 };
        if (hasValue && !reply.Stale)
        {
            return new Sorted(Valid(reply, mine: true, header, now), null, UncachedReason.None);
        }

        var stale = hasValue ? Stale(reply, header, now) : null;
        if (!reply.Won)
        {
            return new Sorted(stale, null, UncachedReason.None);
        }

        try
        {
            if (stale is not null && !await HasRightAsync(reply, header, now).ConfigureAwait(false))
            {
                return new Sorted(stale, null, UncachedReason.None);
            }
        }
        catch (MemcachedException)
        {
            return new Sorted(null, null, UncachedReason.ServerDown);
        }

        var lease = Lease(reply, hasValue ? WonOver.Marked : WonOver.Stub, header.FillId);
        _runtime.Flights.Add(lease.Flight);
        return new Sorted(null, lease, UncachedReason.None);
    }

    /// <summary>Notes what must be noted before <c>mg</c> is sent: what a copy may claim, and the time that a value counts as seen at.</summary>
    private byte[] Prepare(KnownWatermark known)
    {
        _known = known;
        var watermark = known.Watermark!;
        _before = new CopyClaim(watermark.Lo, _runtime.Stripes.Read(place.RingHash), watermark.Owner);
        _askedAt = _runtime.Time.GetTimestamp();
        return place.Under(watermark.Generation);
    }

    private CacheAnswer Counted(in CacheAnswer answer)
    {
        _counters.Answered(answer.Level);
        return answer;
    }

    /// <summary>See <see cref="SortAsync"/>.</summary>
    internal readonly record struct Sorted(CacheAnswer? Answer, WonLease? Lease, UncachedReason Uncached);

    /// <summary>An answer, or why there is none from the cache; neither: ask again.</summary>
    private readonly record struct Step(CacheAnswer? Answer, UncachedReason Uncached)
    {
        public static Step Again => default;

        public static Step Of(in CacheAnswer answer) => new(answer, UncachedReason.None);

        public static Step Past(UncachedReason reason) => new(null, reason);
    }
}
