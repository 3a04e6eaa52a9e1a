using static InstaGrpc.Robustness.Model.Lease.LeaseAction;

namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>Invalidating: a lineage begins or takes over, then applies batch after batch.</summary>
public sealed partial class LeaseModel
{
    private void Invalidate(sbyte n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var me = now.Lineages[n];
        if (me.At == LineageAt.Begin)
        {
            Begin(n, now, steps);
            return;
        }

        // CAS chain: a write succeeds only over what this lineage wrote last.
        var mine = now.Watermark.Generation != 0 && now.Watermark.Cas == me.Cas;
        switch (me.At)
        {
            case LineageAt.Idle:
                for (var end = (sbyte)(me.Position + 1); end <= now.Published; end++)
                {
                    if (bounds.IsTruncate(end))
                    {
                        if (end == me.Position + 1)
                            ApplyTruncate(n, end, mine, now, steps);
                        break;
                    }

                    WriteHi(n, end, mine, now, steps);
                }

                break;
            case LineageAt.Invalidating:
                InvalidateKey(n, now, steps);
                break;
            case LineageAt.Invalidated:
                WriteLo(n, mine, now, steps);
                break;
        }
    }

    /// <summary>
    /// Invalidating 1. Reading the watermark and writing it is one step: the write is an add or a compare-and-swap, and what fails
    /// begins again.
    /// </summary>
    private void Begin(sbyte n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        var found = now.Watermark;
        if (found.Generation == 0)
        {
            var generation = fault == LeaseFault.SameGenerationAgain ? (sbyte)1 : (sbyte)(now.Generations + 1);
            next.Generations = Math.Max(generation, now.Generations);
            var cas = Write(ref next, new Watermark { Generation = generation, Lo = now.Published, Hi = now.Published, Owner = n });
            next.Lineages[n] = Holding(generation, now.Published, cas);
            steps.Take(LineageBeginsGeneration, next, $"lineage {n}, generation {generation}, lo = hi = {now.Published}");
        }
        else if (found.Owner <= n)
        {
            found.Owner = n;
            found.Lo = fault switch
            {
                LeaseFault.NewLineageBeginsAtEnd => now.Published,
                LeaseFault.LoIsHiAfterTakeover => found.Hi,
                _ => found.Lo,
            };
            next.Lineages[n] = Holding(found.Generation, found.Lo, Write(ref next, found));
            steps.Take(LineageTakesOver, next, $"lineage {n}, generation {found.Generation}, lo {found.Lo}, hi {found.Hi}");
        }
        else
        {
            next.Lineages[n] = new Lineage { At = LineageAt.Ended };
            steps.Take(ZombieEnds, next, $"lineage {n}");
        }
    }

    /// <summary>Invalidating 2, the head of the pipeline: hi before the marks.</summary>
    private void WriteHi(sbyte n, sbyte end, bool mine, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        ref var me = ref next.Lineages[n];
        me.At = LineageAt.Invalidating;
        me.BatchEnd = end;
        if (!mine)
        {
            me.Cas = -1; // the marks stand in the same pipeline: they run although this write fails
            steps.Take(LineageFindsWatermarkChanged, next, $"lineage {n}, batch {me.Position}..{end}");
            return;
        }

        if (fault is LeaseFault.HiWrittenAfterMarks or LeaseFault.HiWrittenWithMarks)
            steps.Take(LineageWritesHi, next, $"lineage {n}, batch {me.Position}..{end}: not yet, the marks overtake it");
        if (fault == LeaseFault.HiWrittenAfterMarks)
            return;

        var watermark = now.Watermark;
        watermark.Hi = Math.Max(watermark.Hi, end);
        if (fault == LeaseFault.LoWrittenBeforeMarks)
            watermark.Lo = end;
        me.Cas = Write(ref next, watermark);
        steps.Take(LineageWritesHi, next, $"lineage {n}, batch {me.Position}..{end}");
    }

    private void InvalidateKey(sbyte n, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        ref var me = ref next.Lineages[n];
        me.At = LineageAt.Invalidated;
        if (Find(now, me.Generation) is >= 0 and var i && Rows(me.BatchEnd) > Rows(me.Position))
        {
            if (bounds.Deletes)
                next.Entries[i] = default;
            else
                Mark(ref next, i);
        }

        steps.Take(LineageInvalidatesKey, next, $"lineage {n}, batch {me.Position}..{me.BatchEnd}, generation {me.Generation}");
    }

    /// <summary>Invalidating 2, after all replies: lo = the batch's end, which is not hi after a takeover.</summary>
    private void WriteLo(sbyte n, bool mine, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        var me = now.Lineages[n];
        if (!mine)
        {
            next.Lineages[n] = default;
            steps.Take(LineageBeginsAgain, next, $"lineage {n}");
            return;
        }

        var watermark = now.Watermark;
        watermark.Lo = me.BatchEnd;
        watermark.Hi = Math.Max(watermark.Hi, me.BatchEnd);
        next.Lineages[n] = Holding(me.Generation, me.BatchEnd, Write(ref next, watermark));
        steps.Take(LineageWritesLo, next, $"lineage {n}, lo {watermark.Lo}, hi {watermark.Hi}");
    }

    /// <summary>Invalidating 3: a new generation with lo = hi = the record's own position.</summary>
    private void ApplyTruncate(sbyte n, sbyte position, bool mine, in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        var next = now;
        if (!mine)
        {
            next.Lineages[n] = default;
            steps.Take(LineageBeginsAgain, next, $"lineage {n}");
            return;
        }

        var begin = fault == LeaseFault.TruncateBeginsAtPredecessor ? (sbyte)(position - 1) : position;
        var generation = ++next.Generations;
        var cas = Write(ref next, new Watermark { Generation = generation, Lo = begin, Hi = begin, Owner = n });
        next.Lineages[n] = Holding(generation, position, cas); // the record itself counts as applied
        steps.Take(TruncateBeginsGeneration, next, $"lineage {n}, generation {generation}, lo = hi = {begin}");
    }

    private static Lineage Holding(sbyte generation, sbyte position, sbyte cas) =>
        new() { At = LineageAt.Idle, Generation = generation, Position = position, Cas = cas };
}
