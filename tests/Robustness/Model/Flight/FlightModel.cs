using System.Runtime.InteropServices;
using static InstaGrpc.Robustness.Model.Flight.FlightAction;

namespace InstaGrpc.Robustness.Model.Flight;

/// <summary>Who may be answered with what: flights that several callers share, stale values, tokens.</summary>
/// <remarks>
/// Promised: no answer lacks a write whose token was shown; no answer but a stale one is older than <c>lo</c> was when its caller asked.
/// </remarks>
public sealed class FlightModel(int commits, int evictions, FlightFault fault = FlightFault.None) : IModel<FlightState, FlightAction>
{
    public FlightState Start => default;

    public string? Violation(in FlightState state) =>
        state.Item is { Cas: > 0, Marked: false, Value: >= 0 } && state.Item.Value < state.Lo
            ? $"stale for ever: an unmarked value includes {state.Item.Value} changes, although {state.Lo} were applied"
            : null;

    public void Explore(in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        Surroundings(now, steps);
        for (sbyte n = 0; n < 2; n++)
        {
            Call(n, now, steps);
            Fly(n, now, steps);
        }
    }

    private void Surroundings(in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var next = now;
        if (now.Rows < commits)
        {
            next.Rows++;
            steps.Take(RowChanges, next, $"change {next.Rows}");
        }

        if (now.Replayed < now.Rows)
        {
            next = now;
            next.Replayed++;
            steps.Take(FollowerReplaysChange, next, $"change {next.Replayed}");
        }

        next = now;
        if (now.Invalidator == InvalidatorAt.Idle && now.Lo < now.Rows)
        {
            (next.Invalidator, next.Hi) = (InvalidatorAt.WroteHi, (sbyte)(now.Lo + 1));
            steps.Take(InvalidatorWritesHi, next, $"hi {next.Hi}");
        }
        else if (now.Invalidator == InvalidatorAt.WroteHi)
        {
            next.Invalidator = InvalidatorAt.Marked;
            if (now.Item.Cas > 0)
                (next.Item.Marked, next.Item.Won, next.Item.Cas) = (true, false, ++next.Cas);
            steps.Take(InvalidatorMarksKey, next);
        }
        else if (now.Invalidator == InvalidatorAt.Marked)
        {
            (next.Invalidator, next.Lo) = (InvalidatorAt.Idle, now.Hi);
            steps.Take(InvalidatorWritesLo, next, $"lo {next.Lo}");
        }

        if (now.Item.Cas > 0 && now.Evictions < evictions)
        {
            next = now;
            next.Item = default;
            next.Evictions++;
            steps.Take(EntryIsEvicted, next);
        }

        next = now;
        if (now.OtherCas != 0)
        {
            next.OtherCas = 0;
            if (now.Item.Cas == now.OtherCas)
                next.Item = new Item { Cas = ++next.Cas, Value = now.Rows, Fence = now.Hi };
            steps.Take(OtherProcessFills, next, $"{now.Rows} changes");
        }
        else if (Win(ref next, out next.OtherCas))
        {
            steps.Take(OtherProcessWins, next, $"CAS {next.OtherCas}");
        }
    }

    /// <summary>mg … N: the lease of an absent entry, or the refill of a marked one that nobody has won.</summary>
    private static bool Win(ref FlightState state, out sbyte cas)
    {
        cas = 0;
        if (state.Item.Cas == 0)
            state.Item = new Item { Cas = ++state.Cas, Value = Item.Stub };
        else if (state.Item.Won || !state.Item.Marked)
            return false;
        state.Item.Won = true;
        cas = state.Item.Cas;
        return true;
    }

    private void Call(sbyte n, in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var next = now;
        ref var me = ref next.Callers[n];
        switch (me.At)
        {
            case CallerAt.Idle:
                (me.At, me.Lo) = (CallerAt.Asking, now.Lo);
                steps.Take(CallerAsks, next, $"caller {n}, lo {now.Lo}");
                me.Token = now.Lo; // the newest one that lo >= token lets pass
                if (me.Token > 0)
                    steps.Take(CallerAsksWithToken, next, $"caller {n}, token {me.Token}");
                break;
            case CallerAt.Asking:
                Get(n, now, steps);
                break;
            case CallerAt.InFlight:
                me = default;
                steps.Take(CallerGivesUp, next, $"caller {n}"); // its flight outlives it
                break;
        }
    }

    private void Get(sbyte n, in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var next = now;
        ref var me = ref next.Callers[n];
        var item = now.Item;
        if (item is { Cas: > 0, Marked: false, Value: >= 0 })
        {
            Answer(n, item.Value, isStale: false, CallerHits, now, steps);
            me = default;
            steps.Take(CallerHits, next, $"caller {n}: {item.Value} changes");
            return;
        }

        var free = (sbyte)(now.Flights[0].At == FlightAt.None ? 0 : now.Flights[1].At == FlightAt.None ? 1 : -1);
        if (free >= 0 && Win(ref next, out var cas))
        {
            next.Flights[free] = new Flight { At = FlightAt.Won, Cas = cas };
            (me.At, me.Flight, me.StartedIt) = (CallerAt.InFlight, free, true);
            steps.Take(CallerStartsFlight, next, $"caller {n}, flight {free}, CAS {cas}");
        }

        // Lost: the stale value, or a flight of this process, or ask again later.
        if (item is { Won: true, Value: >= 0 } && (me.Token <= item.Fence || fault == FlightFault.StaleServedToToken))
        {
            next = now;
            Answer(n, item.Value, isStale: true, CallerIsServedStale, now, steps);
            me = default;
            steps.Take(CallerIsServedStale, next, $"caller {n}: {item.Value} changes, fence {item.Fence}");
        }

        for (sbyte f = 0; f < 2 && item.Won; f++)
        {
            var flight = now.Flights[f];
            var knowsFence = flight.At >= FlightAt.HasFence;
            var mayJoin = flight.At != FlightAt.None
                && (me.Token == 0 || (knowsFence && flight.Fence >= me.Token) || fault == FlightFault.JoinedFlightServedToToken);
            if (!mayJoin)
                continue;
            next = now;
            (me.At, me.Flight, me.JoinedEarly) = (CallerAt.InFlight, f, flight.At < FlightAt.HasValue);
            steps.Take(CallerJoinsFlight, next, $"caller {n}, flight {f}{(me.JoinedEarly ? "" : ", its handler runs already")}");
        }
    }

    private void Fly(sbyte f, in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var next = now;
        ref var me = ref next.Flights[f];
        switch (me.At)
        {
            case FlightAt.Won:
                (me.At, me.Fence) = (FlightAt.HasFence, now.Hi);
                steps.Take(FlightTakesFence, next, $"flight {f}, fence {me.Fence}");
                break;
            case FlightAt.HasFence:
                (me.At, me.Value, me.OnPrimary) = (FlightAt.HasValue, now.Rows, true);
                steps.Take(HandlerReadsPrimary, next, $"flight {f}: {me.Value} changes");
                if (now.Replayed < me.Fence)
                    break;
                (me.Value, me.OnPrimary) = (now.Replayed, false);
                steps.Take(HandlerReadsFollower, next, $"flight {f}: {me.Value} changes");
                break;
            case FlightAt.HasValue:
                Land(f, now, steps);
                break;
        }
    }

    /// <summary>HD: everybody in the flight is answered. EX: who started it, and, if it was on the primary, who joined early.</summary>
    private void Land(sbyte f, in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var next = now;
        var flight = now.Flights[f];
        var isFilled = now.Item.Cas == flight.Cas;
        next.Flights[f] = default;
        if (isFilled)
            next.Item = new Item { Cas = ++next.Cas, Value = flight.Value, Fence = flight.Fence };
        for (sbyte n = 0; n < 2; n++)
        {
            ref var caller = ref next.Callers[n];
            if (caller.At != CallerAt.InFlight || caller.Flight != f)
                continue;
            var early = caller.JoinedEarly || fault == FlightFault.LateJoinerTakesOvertakenAnswer;
            var primary = flight.OnPrimary || fault == FlightFault.JoinerTakesFollowersOvertakenAnswer;
            var whatever = fault == FlightFault.JoinedFlightServedToToken && caller.Token > 0;
            if (isFilled || caller.StartedIt || (early && primary) || whatever)
            {
                Answer(n, flight.Value, isStale: false, CallerGetsAnswer, now, steps);
                caller = default;
                steps.Take(CallerGetsAnswer, now, $"caller {n}"); // counted here; the state changes with the flight's end, below
            }
            else
            {
                caller = new Caller { At = CallerAt.Asking, Token = caller.Token, Lo = caller.Lo };
                steps.Take(CallerAsksAgain, now, $"caller {n}");
            }
        }

        steps.Take(isFilled ? FlightFills : FlightIsOvertaken, next, $"flight {f}: {flight.Value} changes");
    }

    private static void Answer(
        sbyte n, sbyte value, bool isStale, FlightAction how, in FlightState now, Steps<FlightState, FlightAction> steps)
    {
        var caller = now.Callers[n];
        if (value < caller.Token)
            steps.Break(how, $"own write missing: caller {n} with token {caller.Token} gets {value} changes");
        else if (!isStale && value < caller.Lo)
            steps.Break(how, $"too old: caller {n} asked when {caller.Lo} changes were applied and gets {value}");
    }

    public FlightState Canonical(FlightState state)
    {
        var cas = default(Ranks);
        cas.Note(state.Item.Cas);
        cas.Note(state.OtherCas);
        cas.Note(state.Flights[0].Cas);
        cas.Note(state.Flights[1].Cas);
        state.Cas = cas.Close();
        state.Item.Cas = cas.Of(state.Item.Cas);
        state.OtherCas = cas.Of(state.OtherCas);
        Span<Flight> flights = state.Flights;
        Span<Caller> callers = state.Callers;
        foreach (ref var flight in flights)
            flight.Cas = cas.Of(flight.Cas);
        if (IsAbove(flights))
        {
            (flights[0], flights[1]) = (flights[1], flights[0]);
            foreach (ref var caller in callers)
                caller.Flight = caller.At == CallerAt.InFlight ? (sbyte)(1 - caller.Flight) : caller.Flight;
        }

        if (IsAbove(callers))
            (callers[0], callers[1]) = (callers[1], callers[0]);
        return state;
    }

    private static bool IsAbove<T>(Span<T> two)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(two[..1]).SequenceCompareTo(MemoryMarshal.AsBytes(two[1..])) > 0;
}
