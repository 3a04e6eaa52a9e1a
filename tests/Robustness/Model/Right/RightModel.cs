using System.Runtime.InteropServices;
using static InstaGrpc.Robustness.Model.Right.RightAction;

namespace InstaGrpc.Robustness.Model.Right;

/// <summary>
/// The refill right: a key that is marked all the time costs one handler run an interval over all processes, and yet nobody who has won
/// it goes away without somebody refilling. Two processes; each may hold an earlier win (waiting or in flight) beside a new one.
/// </summary>
/// <remarks>
/// Promised: no two takings of the right within an interval, no handler run without one (unless the winner may not serve the stale
/// value), nobody refused when the interval is over, no win that nobody follows up, no refill under a CAS that was lost before it began,
/// and no older value over a newer one. Who keeps an overtaken value is not interrupted here; <see cref="Stale.StaleModel"/> does that.
/// </remarks>
public sealed class RightModel(
    sbyte ticks, sbyte changes, sbyte evictions, sbyte forced = 0, sbyte firstTime = -1, RightFault fault = RightFault.None)
    : IModel<RightState, RightAction>
{
    private const sbyte Interval = 1;
    private const sbyte LongAgo = -10;

    public RightState Start => new()
    {
        LastTake = LongAgo,
        CasOfItems = 1,
        CasOfRights = 1,
        Fills = 1,
        Item = new Item { FillId = 1, Cas = 1 },
        Right = firstTime < 0 ? default : new Right { IsPresent = true, Time = firstTime, Cas = 1 },
    };

    public string? Violation(in RightState state)
    {
        // Taken at 0, 2, 4 …: a right is young while its age is at most the interval. An evicted one may be taken once more.
        if (state.Runs > 1 + (state.Now / (Interval + 1)) + state.Evictions)
            return $"{state.Runs} refills by {state.Now}";
        if (state.Item is not { Marked: true, Won: true } item)
            return null;
        foreach (ref readonly var actor in (ReadOnlySpan<Actor>)state.Actors)
        {
            if (actor.Holds(item.Cas))
                return null;
        }

        return "starves: the key is won, and nobody refills it";
    }

    public void Explore(in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        if (now.Now < ticks)
        {
            next.Now++;
            steps.Take(ClockTicks, next, $"{next.Now}");
        }

        if (now.Applied < changes)
        {
            next = now;
            next.Applied++;
            Mark(ref next);
            steps.Take(ChangeIsApplied, next, $"change {next.Applied}");
        }

        if (now.Evictions < evictions && now.Right.IsPresent)
        {
            next = now;
            next.Evictions++;
            next.Right = default;
            steps.Take(RightIsEvicted, next);
        }

        for (var n = 0; n < 4; n++)
            Step(n, now, steps);
    }

    private void Step(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        switch (now.Actors[n].At)
        {
            case ActorAt.Idle:
                Read(n, now, steps);
                break;
            case ActorAt.Won or ActorAt.Held:
                AskForRight(n, now, steps);
                break;
            case ActorAt.Asked or ActorAt.HeldAsked:
                TakeRight(n, now, steps);
                break;
            case ActorAt.Refilling:
                RunHandler(n, now, steps);
                break;
            case ActorAt.HasValue:
                Fill(n, now, steps);
                break;
            case ActorAt.Waiting when now.Now >= now.Actors[n].Due:
                AskAgain(n, now, steps);
                break;
        }
    }

    /// <summary><c>mg</c> by a caller.</summary>
    private void Read(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        if (!now.Item.Marked)
            return;
        if (now.Item.Won)
        {
            steps.Take(ReaderServesStale, now, $"process {n / 2}");
            return;
        }

        var next = now;
        ref var me = ref next.Actors[n];
        next.Item.Won = true;
        me = new Actor { At = ActorAt.Won, Cas = now.Item.Cas, WonFill = now.Item.FillId };
        steps.Take(ReaderWinsRefill, next, $"process {n / 2}, CAS {me.Cas}");
        if (now.Forced < forced)
        {
            next.Forced++;
            (me.At, me.IsForced, me.FlownCas) = (ActorAt.Refilling, true, me.Cas);
            steps.Take(ReaderWhoMayNotServeStaleRefillsAtOnce, next, $"process {n / 2}, CAS {me.Cas}");
        }
    }

    private void AskForRight(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        ref var me = ref next.Actors[n];
        if (me.At == ActorAt.Held && fault == RightFault.WaitsAndTakesNoRight)
        {
            Begin(ref me);
            steps.Take(WinnerTakesRight, next, $"process {n / 2}");
            return;
        }

        var age = now.Now - now.Right.Time;
        if (now.Right.IsPresent && age <= Interval && (age >= 0 || fault == RightFault.FutureTimeBelieved))
        {
            if (now.Now - now.LastTake > Interval)
            {
                steps.Break(WinnerFindsYoungRight,
                    $"process {n / 2} is refused at {now.Now}, although the last refill was at {now.LastTake}");
            }

            Refuse(n, next, (sbyte)(now.Right.Time + Interval + 1), WinnerFindsYoungRight, steps);
            return;
        }

        (me.At, me.AskedAt) = (me.At == ActorAt.Held ? ActorAt.HeldAsked : ActorAt.Asked, now.Now);
        me.RightCas = now.Right.IsPresent ? now.Right.Cas : (sbyte)0;
        steps.Take(WinnerFindsOldRight, next, $"process {n / 2}");
    }

    /// <summary>By CAS, or <c>ME</c> if it was absent: EX, NF and NS say that somebody else has it, or had.</summary>
    private void TakeRight(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        ref var me = ref next.Actors[n];
        var mine = me.RightCas == 0 ? !now.Right.IsPresent : now.Right.IsPresent && now.Right.Cas == me.RightCas;
        if (!mine && fault != RightFault.RightWithoutCas)
        {
            Refuse(n, next, (sbyte)(now.Now + Interval), WinnerLosesRight, steps);
            return;
        }

        next.Right = new Right { IsPresent = true, Time = me.AskedAt, Cas = ++next.CasOfRights };
        next.LastTake = me.AskedAt;
        Begin(ref me);
        steps.Take(WinnerTakesRight, next, $"process {n / 2} at {next.LastTake}");
    }

    private static void Begin(ref Actor me)
    {
        me.At = ActorAt.Refilling;
        if (me.FlownCas == 0)
            me.FlownCas = me.Cas;
    }

    private void Refuse(int n, RightState next, sbyte due, RightAction action, Steps<RightState, RightAction> steps)
    {
        ref var me = ref next.Actors[n];
        if (fault == RightFault.RefillsWithoutRight)
        {
            Begin(ref me);
            steps.Take(action, next, $"process {n / 2}");
            return;
        }

        if (fault == RightFault.WinForgotten)
        {
            me = default;
            steps.Take(action, next, $"process {n / 2}");
            return;
        }

        if (me.At is ActorAt.Held or ActorAt.HeldAsked)
        {
            (me.At, me.Due, me.FlownCas) = (ActorAt.Waiting, due, 0);
            steps.Take(action, next, $"process {n / 2}, until {due}");
            return;
        }

        // Counted by itself: what becomes of the win is a step with a name of its own.
        steps.Take(action, next, $"process {n / 2}");
        // One wait for each key and process, however often the key is won: of two wins the later one counts.
        ref var other = ref next.Actors[n ^ 1];
        if (other.At is ActorAt.Waiting or ActorAt.Held or ActorAt.HeldAsked)
        {
            if (me.Cas > other.Cas || fault == RightFault.LastToAskReplaces)
                (other.Cas, other.WonFill) = (me.Cas, me.WonFill);
            me = default;
            steps.Take(WinMeetsTheOneThatWaits, next, $"process {n / 2}, CAS {other.Cas}");
        }
        else
        {
            (me.At, me.Due) = (ActorAt.Waiting, due);
            steps.Take(WinWaitsForTheInterval, next, $"process {n / 2}, until {due}");
        }
    }

    /// <summary>The interval is over: <c>mg</c>. A look at a marked item wins too.</summary>
    private void AskAgain(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        ref var me = ref next.Actors[n];
        if (now.Item is { Marked: true, Won: false })
        {
            next.Item.Won = true;
            (me.At, me.Cas, me.WonFill) = (ActorAt.Held, now.Item.Cas, now.Item.FillId);
            me.FlownCas = fault == RightFault.LaterWinNotFlown ? me.Cas : (sbyte)0;
            steps.Take(WaitingWinIsWonAgain, next, $"process {n / 2}, CAS {me.Cas}");
        }
        else if (now.Item.Marked && now.Item.Cas == me.Cas)
        {
            me.At = ActorAt.Held;
            me.FlownCas = fault == RightFault.LaterWinNotFlown ? me.Cas : (sbyte)0;
            steps.Take(WaitingWinStillHolds, next, $"process {n / 2}, CAS {me.Cas}");
        }
        else
        {
            me = default;
            steps.Take(WaitingWinIsOver, next, $"process {n / 2}");
        }
    }

    private static void RunHandler(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        ref var me = ref next.Actors[n];
        (me.At, me.Value) = (ActorAt.HasValue, now.Applied);
        if (!me.IsForced)
            next.Runs++;
        steps.Take(HandlerReadsRow, next, $"process {n / 2}: {me.Value} changes, CAS {me.FlownCas}");
    }

    private void Fill(int n, in RightState now, Steps<RightState, RightAction> steps)
    {
        var next = now;
        ref var me = ref next.Actors[n];
        if (now.Item.Cas == me.FlownCas)
        {
            next.Item = new Item { FillId = ++next.Fills, Value = me.Value, Cas = ++next.CasOfItems };
            me = default;
            steps.Take(WinnerFills, next, $"process {n / 2}: {next.Item.Value} changes");
            return;
        }

        // EX: mg again.
        var others = now.Item.FillId != me.WonFill;
        if ((others && fault != RightFault.KeepsOverOthersFill) || !now.Item.Marked)
        {
            if (now.Item is { Marked: true, Won: false })
            {
                next.Item.Won = true;
                if (fault != RightFault.LookKeepsItsWin)
                    Mark(ref next);
            }

            me = default;
            steps.Take(WinnerLeavesOthersFill, next, $"process {n / 2}");
            return;
        }

        if (!others && me.Value == now.Applied && me.FlownCas < me.Cas)
            steps.Break(WinnerKeepsValueAsStale, $"process {n / 2} ran its handler under a CAS that was lost before");
        if (now.Item.Value > me.Value)
            steps.Break(WinnerKeepsValueAsStale, $"process {n / 2} puts {me.Value} changes over {now.Item.Value}");
        next.Item = new Item { FillId = ++next.Fills, Value = me.Value, Cas = ++next.CasOfItems };
        Mark(ref next);
        me = default;
        steps.Take(WinnerKeepsValueAsStale, next, $"process {n / 2}: {next.Item.Value} changes");
    }

    private static void Mark(ref RightState state) =>
        (state.Item.Marked, state.Item.Won, state.Item.Cas) = (true, false, ++state.CasOfItems);

    public RightState Canonical(RightState state)
    {
        Span<Actor> actors = state.Actors;
        var cas = default(Ranks);
        var rights = default(Ranks);
        var fills = default(Ranks);
        cas.Note(state.Item.Cas);
        fills.Note(state.Item.FillId);
        rights.Note(state.Right.Cas);
        foreach (ref var actor in actors)
        {
            if (actor.At is not (ActorAt.Asked or ActorAt.HeldAsked))
                actor.RightCas = actor.AskedAt = 0;
            if (actor.At != ActorAt.Waiting)
                actor.Due = 0;
            cas.Note(actor.Cas);
            cas.Note(actor.FlownCas);
            fills.Note(actor.WonFill);
            rights.Note(actor.RightCas);
        }

        (state.CasOfItems, state.CasOfRights, state.Fills) = (cas.Close(), rights.Close(), fills.Close());
        (state.Item.Cas, state.Item.FillId) = (cas.Of(state.Item.Cas), fills.Of(state.Item.FillId));
        state.Right.Cas = rights.Of(state.Right.Cas);
        foreach (ref var actor in actors)
        {
            (actor.Cas, actor.FlownCas) = (cas.Of(actor.Cas), cas.Of(actor.FlownCas));
            (actor.WonFill, actor.RightCas) = (fills.Of(actor.WonFill), rights.Of(actor.RightCas));
        }

        // The two of a process are alike, and so are the processes.
        Sort(actors[..1], actors[1..2]);
        Sort(actors[2..3], actors[3..]);
        Sort(actors[..2], actors[2..]);
        return state;

        static void Sort(Span<Actor> left, Span<Actor> right)
        {
            if (MemoryMarshal.AsBytes(left).SequenceCompareTo(MemoryMarshal.AsBytes(right)) <= 0)
                return;
            for (var i = 0; i < left.Length; i++)
                (left[i], right[i]) = (right[i], left[i]);
        }
    }
}
