using static InstaGrpc.Robustness.Model.Lease.LeaseAction;

namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>Reading: watermark, then the key, then (with the lease) fence, rows, fill.</summary>
public sealed partial class LeaseModel
{
    private void Read(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var me = now.Readers[n];
        var next = now;
        ref var mine = ref next.Readers[n];
        switch (me.At)
        {
            case ReaderAt.Idle when now.Watermark.Generation != 0:
                var seen = now.Watermark;
                mine = new Reader { At = ReaderAt.KnowsWatermark, Generation = seen.Generation, Lo = seen.Lo, Fence = seen.Hi };
                steps.Take(ReaderReadsWatermark, next, $"reader {n}, generation {seen.Generation}, lo {seen.Lo}");
                break;
            case ReaderAt.KnowsWatermark:
                Get(n, now, steps);
                break;
            case ReaderAt.Won:
                TakeFence(n, now, steps);
                GiveBack(n, now, steps);
                break;
            case ReaderAt.HasFence:
                mine.At = ReaderAt.HasValue;
                mine.Value = now.Visible;
                steps.Take(ReaderReadsPrimary, next, $"reader {n}: {now.Visible} commits");
                CheckFollower(n, now, steps);
                break;
            case ReaderAt.CheckedFollower:
                mine.At = ReaderAt.HasValue;
                mine.Value = now.Replayed;
                steps.Take(ReaderReadsFollower, next, $"reader {n}: {now.Replayed} commits");
                break;
            case ReaderAt.HasUncheckedSnapshot when now.Replayed >= me.Fence:
                mine.At = ReaderAt.HasValue;
                steps.Take(ReaderChecksFollower, next, $"reader {n}: follower at {now.Replayed}, fence {me.Fence}");
                break;
            case ReaderAt.HasValue:
                Fill(n, now, steps);
                GiveBack(n, now, steps);
                break;
            case ReaderAt.Overtaken:
                Keep(n, now, steps);
                break;
            case ReaderAt.Kept:
                mine = default;
                if (Find(now, me.Generation) is >= 0 and var i)
                    Mark(ref next, i);
                steps.Take(ReaderMarksAfterKeeping, next, $"reader {n}");
                break;
        }
    }

    /// <summary>Reading 1: <c>mg key v c N</c>.</summary>
    private void Get(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var me = now.Readers[n];
        var next = now;
        ref var mine = ref next.Readers[n];
        mine.At = ReaderAt.Won;
        if (Find(now, me.Generation) is not (>= 0 and var i))
        {
            Store(ref next, me.Generation, Entry.Stub, won: true);
            mine.Cas = next.Cas;
            steps.Take(ReaderWinsLease, next, $"reader {n}, generation {me.Generation}, CAS {mine.Cas}");
            return;
        }

        var entry = now.Entries[i];
        mine.Cas = entry.Cas;
        next.Entries[i].Won = true;
        if (entry.Marked)
        {
            if (!entry.Won)
                steps.Take(ReaderWinsRefill, next, $"reader {n}, CAS {entry.Cas}");
        }
        else if (entry.Value >= 0)
        {
            if (Rows(entry.Value) < Rows(me.Lo))
                steps.Break(ReaderHits, $"reader {n} hits a value of {entry.Value} commits and knew that {me.Lo} were applied");
            if (!entry.Won)
                steps.Take(ReaderWinsEarlyRefresh, next, $"reader {n}, CAS {entry.Cas}");
        }

        // Hit or not, this reader's turn is over: it is served, or waits and asks again.
        var over = now;
        over.Readers[n] = default;
        if (entry is { Marked: false, Value: >= 0 })
            steps.Take(ReaderHits, over, $"reader {n}: {entry.Value} commits");
        else if (entry.Won)
            steps.Take(ReaderMustWait, over, $"reader {n}");
    }

    /// <summary>Reading 3: the fence is hi, read again after the lease.</summary>
    private void TakeFence(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        ref var mine = ref next.Readers[n];
        if (fault != LeaseFault.FenceReadBeforeLease && now.Watermark.Generation != mine.Generation)
        {
            mine = default;
            steps.Take(ReaderSeesOtherGeneration, next, $"reader {n}");
            return;
        }

        mine.At = ReaderAt.HasFence;
        mine.Fence = fault switch
        {
            LeaseFault.FollowerWithoutFence => 0,
            LeaseFault.FenceReadBeforeLease => mine.Fence,
            _ => now.Watermark.Hi,
        };
        steps.Take(ReaderTakesFence, next, $"reader {n}, fence {mine.Fence}");
    }

    /// <summary>Reading 3: the check is a statement of its own, before the handler's snapshot.</summary>
    private void CheckFollower(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        ref var mine = ref next.Readers[n];
        if (fault == LeaseFault.FenceCheckedInSnapshot)
        {
            mine.At = ReaderAt.HasUncheckedSnapshot;
            mine.Value = now.Replayed;
            steps.Take(ReaderReadsFollower, next, $"reader {n}: {now.Replayed} commits, not checked yet");
            return;
        }

        // The start of a commit's record is what a follower reports that has replayed everything but this commit.
        var enough = fault == LeaseFault.PositionIsStartOfCommitRecord ? mine.Fence - 1 : mine.Fence;
        if (now.Replayed < enough)
            return;
        mine.At = ReaderAt.CheckedFollower;
        steps.Take(ReaderChecksFollower, next, $"reader {n}: follower at {now.Replayed}, fence {mine.Fence}");
    }

    private void Fill(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var me = now.Readers[n];
        var next = now;
        ref var mine = ref next.Readers[n];
        var i = Find(now, me.Generation);
        if (i >= 0 && (now.Entries[i].Cas == me.Cas || fault == LeaseFault.FillWithoutCas))
        {
            mine = default;
            Store(ref next, me.Generation, me.Value, won: false);
            steps.Take(ReaderFills, next, $"reader {n}: {me.Value} commits");
            return;
        }

        // NF is lost. EX may be kept as stale, where stale may be served.
        if (i < 0 || bounds.Deletes)
            mine = default;
        else
            mine.At = ReaderAt.Overtaken;
        steps.Take(ReaderIsOvertaken, next, $"reader {n} with {me.Value} commits");
    }

    /// <summary>
    /// "A refill that every change outruns": <c>ms C&lt;old&gt; I</c>, then <c>md I</c>. The check of the fill id only saves refills
    /// (StaleModel), so here the reader keeps its value or leaves it, as it likes.
    /// </summary>
    private void Keep(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var me = now.Readers[n];
        var left = now;
        left.Readers[n] = default;
        steps.Take(ReaderIsOvertaken, left, $"reader {n} leaves it");
        if (Find(now, me.Generation) is not (>= 0 and var i) || now.Entries[i].Cas <= me.Cas)
            return;
        var next = now;
        next.Readers[n].At = ReaderAt.Kept;
        ref var entry = ref next.Entries[i];
        entry.Value = me.Value;
        entry.Cas = ++next.Cas;
        entry.Marked = fault != LeaseFault.KeptValueStoredUnmarked;
        if (!entry.Marked)
            next.Readers[n] = default;
        steps.Take(ReaderKeepsValueAsStale, next, $"reader {n}: {me.Value} commits{(entry.Marked ? "" : ", unmarked")}");
    }

    /// <summary>Reading 3, last sentence: a winner that fails gives the lease back.</summary>
    private static void GiveBack(int n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        var me = now.Readers[n];
        next.Readers[n] = default;
        if (Find(now, me.Generation) is not (>= 0 and var i) || now.Entries[i].Cas != me.Cas)
            return; // EX or NF: as if it had been overtaken
        if (now.Entries[i].Value == Entry.Stub)
            next.Entries[i] = default;
        else
            Mark(ref next, i);
        steps.Take(ReaderGivesLeaseBack, next, $"reader {n}");
    }
}
