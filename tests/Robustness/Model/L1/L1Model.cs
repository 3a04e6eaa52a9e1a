using static InstaGrpc.Robustness.Model.L1.L1Action;

namespace InstaGrpc.Robustness.Model.L1;

/// <summary>
/// The copy inside a process: one key, one process with two readers, the stream of drops that keeps it clean, and a lineage that may
/// be replaced while the process still listens to the old one.
/// </summary>
/// <remarks>
/// Promised: when all drops have arrived, L1 holds nothing older than what was applied; an entry with <c>lo</c> answers any token up
/// to <c>lo</c>, so its value includes that much.
/// </remarks>
public sealed class L1Model(int commits, int breaks, L1Fault fault = L1Fault.None) : IModel<L1State, L1Action>
{
    public L1State Start => new() { Item = L1State.Absent, Local = L1State.Absent, Stream = StreamAt.Open };

    public string? Violation(in L1State state)
    {
        if (state.AnsweredOld)
            return "stale in L1: a copy from before a lost stream was given out";
        if (!IsOn(state) || state.Local < 0)
            return null;
        if (state.Local < state.LocalLo)
            return $"a token answered too old: L1 holds {state.Local} changes with lo {state.LocalLo}";
        return state is { Stream: StreamAt.Open, DropsUnderWay: 0, Invalidator: InvalidatorAt.Idle } && state.Local < state.Lo
            ? $"stale in L1: it holds {state.Local} changes after every drop arrived, and {state.Lo} were applied"
            : null;
    }

    public void Explore(in L1State now, Steps<L1State, L1Action> steps)
    {
        var next = now;
        if (now.Rows < commits)
        {
            next.Rows++;
            steps.Take(RowChanges, next, $"change {next.Rows}");
        }

        if (now.Item >= 0)
        {
            next = now;
            next.Item = L1State.Absent;
            next.ItemLease = 0;
            steps.Take(EntryExpires, next);
        }

        Invalidate(now, steps);
        Watch(now, steps);
        LookUp(now, steps);
        for (var n = 0; n < 2; n++)
            Read(n, now, steps);
    }

    /// <summary>L1 answers and takes entries only while its stream is alive and comes from the watermark's owner.</summary>
    private bool IsOn(in L1State state) =>
        state.Stream != StreamAt.Closed && (state.StreamIsOwners || fault == L1Fault.StreamOfAnotherOwner);

    private void Invalidate(in L1State now, Steps<L1State, L1Action> steps)
    {
        var next = now;
        switch (now.Invalidator)
        {
            case InvalidatorAt.Idle when now.Lo < now.Rows:
                (next.Invalidator, next.Hi) = (InvalidatorAt.WroteHi, now.Rows);
                if (fault == L1Fault.DropBeforeMark)
                    Send(ref next);
                steps.Take(InvalidatorWritesHi, next, $"hi {next.Hi}{(fault == L1Fault.DropBeforeMark ? ", and sends the drop" : "")}");
                break;
            case InvalidatorAt.WroteHi:
                (next.Invalidator, next.Item, next.ItemLease) = (InvalidatorAt.Invalidated, L1State.Absent, 0);
                steps.Take(InvalidatorInvalidatesKey, next);
                break;
            case InvalidatorAt.Invalidated:
                next.Invalidator = InvalidatorAt.SentDrop;
                if (fault != L1Fault.DropBeforeMark)
                    Send(ref next);
                steps.Take(InvalidatorSendsDrop, next);
                break;
            case InvalidatorAt.SentDrop:
                (next.Invalidator, next.Lo) = (InvalidatorAt.Idle, now.Hi);
                steps.Take(InvalidatorWritesLo, next, $"lo {next.Lo}");
                break;
        }

        if (now is { StreamIsOwners: true, TookOver: false })
        {
            next = now;
            (next.StreamIsOwners, next.TookOver, next.Invalidator) = (false, true, InvalidatorAt.Idle); // goes on from lo
            steps.Take(NewLineageTakesOver, next);
        }
    }

    /// <summary>A drop reaches only processes that watch the lineage that sends it.</summary>
    private static void Send(ref L1State state)
    {
        if (state is { Stream: StreamAt.Open, StreamIsOwners: true })
            state.DropsUnderWay++;
    }

    private void Watch(in L1State now, Steps<L1State, L1Action> steps)
    {
        var next = now;
        if (now.DropsUnderWay > 0)
        {
            next.DropsUnderWay--;
            Empty(ref next);
            steps.Take(DropArrives, next);
        }

        if (now.Stream == StreamAt.Open && now.Breaks < breaks)
        {
            next = now;
            (next.Stream, next.DropsUnderWay) = (StreamAt.Broken, 0);
            next.Breaks++;
            steps.Take(WatchStreamBreaks, next);
        }

        if (now.Stream == StreamAt.Broken)
        {
            next = now;
            (next.Stream, next.Local, next.LocalLo) = (StreamAt.Closed, L1State.Absent, 0);
            steps.Take(ProcessNoticesSilence, next);
        }

        // Lost, or its owner is no longer the watermark's: connect to the owner, whose address stands in the directory.
        if (now.Stream == StreamAt.Closed || (now.Stream == StreamAt.Open && !now.StreamIsOwners))
        {
            next = now;
            (next.Stream, next.StreamIsOwners, next.DropsUnderWay) = (StreamAt.Open, true, 0);
            if (fault == L1Fault.ConnectWithoutRaisingCounters)
                (next.Local, next.LocalLo) = (L1State.Absent, 0);
            else
                Empty(ref next);
            steps.Take(ProcessConnects, next);
        }
    }

    /// <summary>Drops the entry and raises the counter: whoever asked before finds another one than it remembers.</summary>
    private static void Empty(ref L1State state)
    {
        (state.Local, state.LocalLo) = (L1State.Absent, 0);
        state.FoundIsVoid = state.Look != LookAt.None;
        foreach (ref var reader in (Span<Reader>)state.Readers)
            reader.CounterWasRaised = reader.At != ReaderAt.Idle;
    }

    /// <summary>Finds the copy, asks whether the stream is on, compares the counter. Not in one step: a stream may be lost and there again in between.</summary>
    private void LookUp(in L1State now, Steps<L1State, L1Action> steps)
    {
        var next = now;
        switch (now.Look)
        {
            case LookAt.None when now.Local >= 0:
                (next.Look, next.Found) = (LookAt.Found, now.Local);
                steps.Take(LookFindsCopy, next, $"{now.Local} changes");
                break;
            case LookAt.Found or LookAt.Half:
                var counterNow = (now.Look == LookAt.Half) != (fault == L1Fault.CounterBeforeStream);
                var passes = counterNow ? !now.FoundIsVoid : IsOn(now);
                if (passes && now.Look == LookAt.Found)
                {
                    next.Look = LookAt.Half;
                    steps.Take(LookPassesHalf, next, $"{(counterNow ? "counter" : "stream")}");
                    break;
                }

                (next.Look, next.Found, next.FoundIsVoid) = (LookAt.None, 0, false);
                if (!passes)
                {
                    steps.Take(LookMisses, next, $"{(counterNow ? "counter" : "stream")}");
                    break;
                }

                next.AnsweredOld = now is { Stream: StreamAt.Open, DropsUnderWay: 0, Invalidator: InvalidatorAt.Idle } && now.Found < now.Lo
                    && (now.StreamIsOwners || fault == L1Fault.StreamOfAnotherOwner);
                steps.Take(L1Answers, next, $"{now.Found} changes");
                break;
        }
    }

    private void Read(int n, in L1State now, Steps<L1State, L1Action> steps)
    {
        var next = now;
        ref var me = ref next.Readers[n];
        var lease = (sbyte)(n + 1);
        switch (me.At)
        {
            case ReaderAt.Idle:
                (me.At, me.Lo) = (ReaderAt.KnowsLo, now.Lo);
                steps.Take(ReaderTakesLoAndCounter, next, $"reader {n}, lo {now.Lo}");
                break;
            case ReaderAt.KnowsLo when now.Item >= 0:
                (me.At, me.Value) = (ReaderAt.HasAnswer, now.Item);
                steps.Take(ReaderHits, next, $"reader {n}: {now.Item} changes");
                break;
            case ReaderAt.KnowsLo when now.ItemLease == 0:
                (me.At, next.ItemLease) = (ReaderAt.Won, lease);
                steps.Take(ReaderWinsLease, next, $"reader {n}");
                break;
            case ReaderAt.Won:
                (me.At, me.Value) = (ReaderAt.HasValue, now.Rows);
                steps.Take(ReaderReadsRow, next, $"reader {n}: {now.Rows} changes");
                break;
            case ReaderAt.HasValue when now.ItemLease == lease:
                (me.At, next.Item, next.ItemLease) = (ReaderAt.HasAnswer, me.Value, 0);
                steps.Take(ReaderFills, next, $"reader {n}: {me.Value} changes");
                break;
            case ReaderAt.HasValue:
                me = default; // L1 takes only hits and fills that were answered HD
                steps.Take(ReaderIsOvertaken, next, $"reader {n}");
                break;
            case ReaderAt.HasAnswer:
                var lo = fault == L1Fault.LoReadAfterGet ? now.Lo : me.Lo;
                var mayPut = IsOn(now) && (!me.CounterWasRaised || fault == L1Fault.InsertWithoutCounter);
                if (mayPut)
                    (next.Local, next.LocalLo) = (me.Value, lo);
                var value = me.Value;
                me = default;
                if (mayPut)
                    steps.Take(ReaderPutsIntoL1, next, $"reader {n}: {value} changes, lo {lo}");
                else
                    steps.Take(ReaderFindsAnotherCounter, next, $"reader {n}");
                break;
        }
    }
}
