using InstaGrpc.Contracts;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <content>What each of memcached's replies to <c>mg … N</c> comes to.</content>
internal sealed partial class EntryRead
{
    private async ValueTask<Step> FollowAsync(MetaReply reply, CancellationToken cancellation)
    {
        var mine = true;
        var waitingSince = 0L;
        while (true)
        {
            var fault = Look(reply, out var header, out var now);
            if (fault != UncachedReason.None)
            {
                await GiveBackAsync(reply, mine).ConfigureAwait(false);
                return Step.Past(fault);
            }

            var hasValue = reply.Value is { Length: > 0 };
            if (hasValue && !reply.Stale)
            {
                if (Valid(reply, mine, header, now) is { } valid)
                {
                    return Step.Of(valid);
                }

                // Nobody invalidates: entries live MaxLag. The mark makes one caller win and refill, from the primary. Somebody else's mark serves as well.
                await place.Server.DeleteAsync(
                    _name.Key, new MetaDelete { Cas = reply.Cas, MarkStale = true, TtlSeconds = place.Method.LeaseSeconds }).ConfigureAwait(false);
                return Step.Again;
            }

            var stale = hasValue ? Stale(reply, header, now) : null;
            if (reply.Won && mine)
            {
                return await WonAsync(reply, stale, header, now, cancellation).ConfigureAwait(false);
            }

            if (reply.Stale && await TakeFromDeadAsync(reply).ConfigureAwait(false) && stale is null)
            {
                return Step.Again;
            }

            if (stale is { } answer)
            {
                return Step.Of(answer);
            }

            if (_runtime.Flights.Find(_name, reply.Cas) is { } flight && flight.TryJoin(_token, out var beforeHandler))
            {
                return await JoinAsync(flight, beforeHandler, cancellation).ConfigureAwait(false);
            }

            if (waitingSince == 0)
            {
                waitingSince = _runtime.Time.GetTimestamp();
                _counters.Waited();
            }

            _askedAt = _runtime.Time.GetTimestamp();
            if (await PollAsync(waitingSince, cancellation).ConfigureAwait(false) is not { } polled)
            {
                return Step.Past(UncachedReason.WaitedLongEnough);
            }

            (reply, mine) = (polled.Reply, polled.IsWinner);

            // This call's watermark has aged: a hit under a generation that ended meanwhile would be no hit.
            var known = await place.Slot.GetAsync(CancellationToken.None).ConfigureAwait(false);
            if (known?.Watermark is null || known.Watermark.Generation != _known.Watermark!.Generation)
            {
                await GiveBackAsync(reply, mine).ConfigureAwait(false);
                return Step.Again;
            }

            _known = known;
        }
    }

    private UncachedReason Look(in MetaReply reply, out EntryHeader header, out DateTime now)
    {
        header = default;
        now = default;
        return !reply.IsHit ? UncachedReason.ServerDown
            : !_runtime.Clock.TryGetNow(place.Method.Node.Name, out now) ? UncachedReason.NoClock
            : reply.Value is { Length: > 0 } value && !EntryHeader.TryRead(value, out header) ? UncachedReason.Unreadable
            : UncachedReason.None;
    }

    /// <summary>"Reading" 2, and the early refresh of 3. Null: the value is older than it may be while the stream is away.</summary>
    private CacheAnswer? Valid(in MetaReply reply, bool mine, in EntryHeader header, DateTime now)
    {
        var lag = _known.Lag(now, _runtime.Time);
        var longest = _runtime.Options.MaxLag;
        if (lag > longest && now - header.FilledAt > longest)
        {
            return null;
        }

        if (lag <= longest && place.Method.Method.Policy.MaxStale > TimeSpan.Zero)
        {
            _runtime.Seen.Note(_name.Hash, header.FillId, now - _runtime.Time.GetElapsedTime(_askedAt));
        }

        if (reply.Won && mine)
        {
            _counters.RefreshedEarly();
            Begin(reply, WonOver.Early, header.FillId, Priority.Sheddable);
        }

        var body = reply.Value.AsMemory(EntryHeader.Bytes);
        var copy = Refiller.Keep(
            place, _known.Watermark!.Generation, _before, header, header.IsPresent ? HandlerAnswer.Present(body) : HandlerAnswer.Absent);
        return new CacheAnswer(CacheLevel.Memcached, header.IsPresent, body, null, copy) { Fence = header.Fence };
    }

    /// <summary>"Reading" 3 and the refill right.</summary>
    private async ValueTask<Step> WonAsync(
        MetaReply reply, CacheAnswer? stale, EntryHeader header, DateTime now, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            await GiveBackAsync(reply, mine: true).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }

        var over = reply.Value is { Length: > 0 } ? WonOver.Marked : WonOver.Stub;
        if (stale is { } answer && !await HasRightAsync(reply, header, now).ConfigureAwait(false))
        {
            return Step.Of(answer);
        }

        var flight = Begin(reply, over, header.FillId, conditions.Priority);
        var end = await flight.End.WaitAsync(cancellation).ConfigureAwait(false);
        return end.Result switch
        {
            FlightResult.Failed => Rethrow(end.Failure!),
            FlightResult.Abandoned => Step.Past(end.Reason),
            FlightResult.Overdue => AskAgain(),
            _ => Step.Of(end.ToAnswer()),
        };
    }

    /// <summary>Asks for the right to refill a marked value that this caller may also serve as it is (who may not refills at once, right or no right).
    /// Without it, the refill is put off until the interval is over.</summary>
    private async ValueTask<bool> HasRightAsync(MetaReply reply, EntryHeader header, DateTime now)
    {
        var interval = RefillRight.Interval(place.Method.Method.Policy.MaxStale);
        if (await RefillRight.TryTakeAsync(place.Server, _runtime.Options.Prefix, _name.Key, interval, now).ConfigureAwait(false) is not { } wait)
        {
            return true;
        }

        _runtime.Refills.Schedule(Lease(reply, WonOver.Marked, header.FillId), run, conditions.CallerId, wait);
        return false;
    }

    /// <summary>"Reading" 4: a marked value that this process knows to have been valid a short while ago.</summary>
    /// <remarks>memcached can't tell when an item was first marked. <em>Seen</em> can, without its help: this fill id was returned unmarked at that time. The fill
    /// id matters: a value kept as stale lies under the same key and was never valid after its read.</remarks>
    private CacheAnswer? Stale(in MetaReply reply, in EntryHeader header, DateTime now)
    {
        if (_maxStale <= TimeSpan.Zero || (_token is { } token && !header.Fence.Reaches(token)))
        {
            return null;
        }

        var valid = _runtime.Seen.Find(_name.Hash, header.FillId) is { } seen && seen > header.FilledAt ? seen : header.FilledAt;
        var age = now - valid;
        return age > _maxStale
            ? null
            : new CacheAnswer(CacheLevel.Stale, header.IsPresent, reply.Value.AsMemory(EntryHeader.Bytes))
            {
                Age = age > TimeSpan.Zero ? age : TimeSpan.Zero,
                Fence = header.Fence,
            };
    }

    /// <summary>A marked value whose winner has not filled within the lease: its winner is gone, so the next reader is to win. True: it was marked anew.</summary>
    private async ValueTask<bool> TakeFromDeadAsync(MetaReply reply)
    {
        var now = _runtime.MonotonicNow;
        if (now - _runtime.Marks.FirstSeen(_name.Hash, reply.Cas, now) <= TimeSpan.FromSeconds(place.Method.LeaseSeconds))
        {
            return false;
        }

        await place.Server.DeleteAsync(_name.Key, new MetaDelete { Cas = reply.Cas, MarkStale = true }).ConfigureAwait(false);
        return true;
    }

    private async ValueTask<Step> JoinAsync(Flight flight, bool beforeHandler, CancellationToken cancellation)
    {
        _counters.Joined();
        var end = await flight.End.WaitAsync(cancellation).ConfigureAwait(false);
        switch (end.Result)
        {
            // Refused is whoever started it, by his importance, not who joined; and a flight's time is not the time of who joined it late.
            case FlightResult.Failed when end.Failure is AdmissionRefusedException:
            case FlightResult.Overdue:
                break;
            case FlightResult.Failed:
                return Rethrow(end.Failure!);

            // The fence may have been read after this caller joined.
            case FlightResult.Filled when _token is not { } token || end.Fence.Reaches(token):
            case FlightResult.Lost when beforeHandler && (_token is not { } other || end.Fence.Reaches(other)):
                return Step.Of(end.ToAnswer());
        }

        return AskAgain();
    }

    private Step AskAgain()
    {
        if (conditions.Whole(place.Method.Method) - _runtime.Time.GetElapsedTime(began) <= TimeSpan.Zero)
        {
            throw UncachedRun.Overdue(place.Method.Method);
        }

        _losses++;
        return Step.Again;
    }

    /// <summary>The next poll's reply; null: this caller has waited long enough.</summary>
    private async ValueTask<PollReply?> PollAsync(long waitingSince, CancellationToken cancellation)
    {
        var half = (conditions.Whole(place.Method.Method) - _runtime.Time.GetElapsedTime(began, waitingSince)) / 2;
        var lease = TimeSpan.FromSeconds(place.Method.LeaseSeconds);
        var left = (half < lease ? half : lease) - _runtime.Time.GetElapsedTime(waitingSince);
        if (left <= TimeSpan.Zero)
        {
            return null;
        }

        var waiter = _runtime.Flights.Join(_name, _runtime, place.Slot, place.Method.LeaseSeconds);
        try
        {
            return await waiter.Reply.WaitAsync(left, _runtime.Time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!waiter.TryGiveUp())
            {
                // A reply came in the same moment; if it is the lease, it must not be lost with this caller.
                var late = await waiter.Reply.ConfigureAwait(false);
                await GiveBackAsync(late.Reply, late.IsWinner).ConfigureAwait(false);
            }

            if (e is TimeoutException)
            {
                return null;
            }

            throw;
        }
    }

    private Flight Begin(in MetaReply reply, WonOver over, ulong fillId, Priority priority)
    {
        var lease = Lease(reply, over, fillId);
        if (over != WonOver.Early)
        {
            _runtime.Flights.Add(lease.Flight);
        }

        // The flight outlives this call; an outer run of this process has been let in for both.
        var admitted = conditions.Within is not null && over != WonOver.Early;
        var method = place.Method.Method;
        var whole = admitted ? conditions.Flight(method) - _runtime.Time.GetElapsedTime(began) : method.Contract.Policy.Deadline;
        _runtime.Background.Run(
            static work => Refiller.FlyAsync(work.lease, work.run, work.priority, work.CallerId, work.whole, work.admitted),
            (lease, run, priority, conditions.CallerId, whole, admitted));
        return lease.Flight;
    }

    private WonLease Lease(in MetaReply reply, WonOver over, ulong fillId) =>
        new(new Flight(_name, reply.Cas), place, _known.Watermark!.Generation, over, fillId, _before);

    private ValueTask GiveBackAsync(in MetaReply reply, bool mine) =>
        !mine || !reply.Won || (reply.Value is { Length: > 0 } && !reply.Stale)
            ? ValueTask.CompletedTask
            : Internal.Lease.GiveBackAsync(place.Server, _name.Key, reply.Cas, reply.Stale);

    private static Step Rethrow(Exception failure)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return default;
    }
}
