using System.Runtime.InteropServices;
using static InstaGrpc.Robustness.Model.Stale.StaleAction;

namespace InstaGrpc.Robustness.Model.Stale;

/// <summary>
/// Stale answers, and refills that every change outruns: who may keep what, and how old what is served really is. Two processes, one
/// key; the orders of stream and follower are the business of <see cref="Lease.LeaseModel"/>, here a change is applied in one step.
/// </summary>
/// <remarks>
/// Promised: an unmarked value includes every change applied; a stale one was overtaken at most <c>max_stale</c> ago; and, when nobody
/// is interrupted, a change costs no more handler runs than there were winners around.
/// </remarks>
public sealed class StaleModel(StaleBounds bounds, StaleFault fault = StaleFault.None) : IModel<StaleState, StaleAction>
{
    private const int MaxStale = 1;

    public StaleState Start => new() { Item = Item.Absent };

    public string? Violation(in StaleState state) =>
        state.Item is { IsPresent: true, Marked: false, FillId: > 0 } && state.Item.Value < state.Applied
            ? $"stale for ever: an unmarked value includes {state.Item.Value} changes, although {state.Applied} were applied"
            : bounds.MostRefills > 0 && state.Refills > bounds.MostRefills
                ? $"refills leapfrog: {state.Refills} handler runs for one change"
                : null;

    public void Explore(in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var next = now;
        if (now.Now < bounds.Ticks)
        {
            next.Now++;
            steps.Take(ClockTicks, next, $"{next.Now}");
        }

        if (now.Rows < bounds.Commits)
        {
            next = now;
            next.Rows++;
            steps.Take(RowChanges, next, $"change {next.Rows}");
        }

        if (now.Applied < now.Rows)
        {
            next = now;
            next.OvertakenAt[next.Applied++] = now.Now;
            next.Refills = 0;
            Mark(ref next);
            steps.Take(ChangeIsApplied, next, $"change {next.Applied}");
        }

        if (now.Evictions < bounds.Evictions && now.Item.IsPresent)
        {
            next = now;
            next.Item = Item.Absent;
            next.Evictions++;
            steps.Take(EntryIsEvicted, next);
        }

        if (bounds.MostRefills == 0 && now.Item is { IsPresent: true, Won: true })
        {
            next = now;
            if (now.Item.Marked)
                Mark(ref next); // a loser: md I C<cas>
            else
                next.Item = Item.Absent; // the stub's own TTL
            steps.Take(LeaseRunsOut, next);
        }

        for (var n = 0; n < 2; n++)
            Step(n, now, steps);
    }

    private void Step(int n, in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var next = now;
        ref var me = ref next.Processes[n];
        switch (me.At)
        {
            case ProcessAt.Idle:
                Get(n, now, steps);
                break;
            case ProcessAt.Won:
                // filled_at = start of the read, before the snapshot
                (me.At, me.FilledAt, me.Value) = (ProcessAt.HasValue, now.Now, now.Rows);
                if (bounds.MostRefills > 0)
                    next.Refills++;
                steps.Take(HandlerReadsRow, next, $"process {n}: {me.Value} changes");
                break;
            case ProcessAt.HasValue when now.Item.IsPresent && now.Item.Cas == me.Cas:
                StoreNew(ref next, me);
                me.Rest();
                steps.Take(ProcessFills, next, $"process {n}: {next.Item.Value} changes, fill {next.Item.FillId}");
                break;
            case ProcessAt.HasValue:
                if (now.Item.IsPresent)
                    me.At = ProcessAt.Overtaken;
                else
                    me.Rest();
                steps.Take(ProcessIsOvertaken, next, $"process {n}");
                break;
            case ProcessAt.Overtaken:
                LookAgain(n, now, steps);
                break;
            case ProcessAt.Keeping:
                Keep(n, now, steps);
                break;
            case ProcessAt.Kept:
                me.Rest();
                Mark(ref next);
                steps.Take(ProcessMarksAfterKeeping, next, $"process {n}");
                break;
        }
    }

    private void Get(int n, in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var next = now;
        ref var me = ref next.Processes[n];
        var item = now.Item;
        if (!item.IsPresent)
        {
            next.Item = new Item { IsPresent = true, Won = true, Cas = ++next.Cas };
            (me.At, me.Cas, me.WonFill) = (ProcessAt.Won, next.Cas, 0);
            steps.Take(ProcessWinsLease, next, $"process {n}, CAS {me.Cas}");
        }
        else if (item is { Marked: false, FillId: > 0 })
        {
            (me.SeenFill, me.SeenAt) = (item.FillId, now.Now);
            steps.Take(ProcessHits, next, $"process {n}: fill {item.FillId}");
        }
        else
        {
            if (item.FillId > 0)
                ServeStale(n, now, steps);
            if (item.Won)
            {
                steps.Take(ProcessMustWait, now, $"process {n}");
                return;
            }

            next.Item.Won = true;
            (me.At, me.Cas, me.WonFill) = (ProcessAt.Won, item.Cas, item.FillId);
            steps.Take(ProcessWinsRefill, next, $"process {n}, CAS {me.Cas}");
        }
    }

    /// <summary>Reading 4: by what this process knows, and then by what really happened.</summary>
    private void ServeStale(int n, in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var (me, item) = (now.Processes[n], now.Item);
        var seen = me.SeenFill == item.FillId || (fault == StaleFault.SeenWithoutFillId && me.SeenFill > 0) ? me.SeenAt : 0;
        if (now.Now - Math.Max(seen, item.FilledAt) > MaxStale)
            return;
        if (item.Value < now.Applied && now.Now - now.OvertakenAt[item.Value] > MaxStale)
        {
            steps.Break(ProcessServesStale, $"process {n} serves a value overtaken at {now.OvertakenAt[item.Value]} at {now.Now} "
                + $"(filled at {item.FilledAt}, this process believes it was valid at {seen})");
        }

        steps.Take(ProcessServesStale, now, $"process {n}: {item.Value} changes");
    }

    /// <summary>After EX: mg again. A win is given back; only what was there at the win may be written over.</summary>
    private void LookAgain(int n, in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var next = now;
        ref var me = ref next.Processes[n];
        if (now.Item is { IsPresent: true, Marked: true, Won: false })
            Mark(ref next); // W: md I C<its CAS>
        var mayKeep = now.Item.IsPresent && (now.Item.FillId == me.WonFill || fault == StaleFault.KeepsOverOthersFill);
        if (!mayKeep)
        {
            me.Rest();
            steps.Take(ProcessLeavesOthersFill, next, $"process {n}");
            return;
        }

        me.At = ProcessAt.Keeping;
        if (!bounds.Alone)
        {
            steps.Take(ProcessFindsFillIdOfItsWin, next, $"process {n}");
            return;
        }

        StoreNew(ref next, me, over: now.Item);
        me.Rest();
        Mark(ref next);
        steps.Take(ProcessKeepsValueAsStale, next, $"process {n}: fill {next.Item.FillId}, and marks");
    }

    /// <summary>ms C&lt;CAS of the win&gt; I: stored with its mark; the right to win stays as it was.</summary>
    private void Keep(int n, in StaleState now, Steps<StaleState, StaleAction> steps)
    {
        var next = now;
        ref var me = ref next.Processes[n];
        if (!now.Item.IsPresent)
        {
            me.Rest();
            steps.Take(ProcessIsOvertaken, next, $"process {n}: nothing is there any more");
            return;
        }

        StoreNew(ref next, me, over: now.Item);
        if (fault == StaleFault.KeptValueStoredUnmarked)
            next.Item.Marked = false;
        me.At = ProcessAt.Kept;
        steps.Take(ProcessKeepsValueAsStale, next, $"process {n}: {me.Value} changes, fill {next.Item.FillId}");
    }

    private static void StoreNew(ref StaleState state, in Process by, Item? over = null) => state.Item = new Item
    {
        IsPresent = true,
        FillId = ++state.Fills,
        Value = by.Value,
        FilledAt = by.FilledAt,
        Cas = ++state.Cas,
        Marked = over is not null,
        Won = over?.Won ?? false,
    };

    private static void Mark(ref StaleState state)
    {
        if (state.Item.IsPresent)
            (state.Item.Marked, state.Item.Won, state.Item.Cas) = (true, false, ++state.Cas);
    }

    public StaleState Canonical(StaleState state)
    {
        Span<Process> processes = state.Processes;
        var cas = default(Ranks);
        var fills = default(Ranks);
        cas.Note(state.Item.Cas);
        fills.Note(state.Item.FillId);
        foreach (ref var process in processes)
        {
            if (process.At is ProcessAt.Kept)
                process.Cas = process.Value = process.FilledAt = process.WonFill = 0;
            cas.Note(process.Cas);
            fills.Note(process.WonFill);
            if (fault != StaleFault.SeenWithoutFillId && process.SeenFill != state.Item.FillId)
                process.SeenFill = process.SeenAt = 0; // a fill that was replaced never comes back
            fills.Note(process.SeenFill);
        }

        (state.Cas, state.Fills) = (cas.Close(), fills.Close());
        (state.Item.Cas, state.Item.FillId) = (cas.Of(state.Item.Cas), fills.Of(state.Item.FillId));
        foreach (ref var process in processes)
        {
            (process.Cas, process.WonFill) = (cas.Of(process.Cas), fills.Of(process.WonFill));
            process.SeenFill = fills.Of(process.SeenFill);
        }

        if (MemoryMarshal.AsBytes(processes[..1]).SequenceCompareTo(MemoryMarshal.AsBytes(processes[1..])) > 0)
            (processes[0], processes[1]) = (processes[1], processes[0]);
        return state;
    }
}
