using static InstaGrpc.Robustness.Model.Lag.LagAction;

namespace InstaGrpc.Robustness.Model.Lag;

/// <summary>
/// The stream may stay away for as long as it likes. One key with <c>max_stale_ms: 0</c>, two readers, a follower that may lag, a
/// clock; <c>MaxLag</c> is one tick.
/// </summary>
/// <remarks>Promised: no answer lacks a change that was visible more than MaxLag ago.</remarks>
public sealed class LagModel(int commits, int ticks, LagFault fault = LagFault.None) : IModel<LagState, LagAction>
{
    private const int MaxLag = 1;
    private const sbyte None = -1;

    public LagState Start => new() { Value = None };

    public string? Violation(in LagState state) => state.Value >= 0 && state.Value < state.Lo
        ? $"stale for ever: an unmarked value includes {state.Value} changes, although {state.Lo} were applied"
        : null;

    public void Explore(in LagState now, Steps<LagState, LagAction> steps)
    {
        var next = now;
        if (now.Now < ticks)
        {
            next.Now++;
            steps.Take(ClockTicks, next, $"{next.Now}");
        }

        if (now.Rows < commits)
        {
            next = now;
            next.VisibleAt[next.Rows++] = now.Now;
            steps.Take(RowChanges, next, $"change {next.Rows}");
        }

        if (now.HeartbeatAt < now.Now)
        {
            next = now;
            (next.HeartbeatAt, next.HeartbeatAfter) = (now.Now, now.Rows);
            steps.Take(HeartbeatIsMade, next, $"at {now.Now}");
        }

        if (now.Replayed < now.Rows)
        {
            next = now;
            next.Replayed++;
            steps.Take(FollowerReplaysChange, next, $"change {next.Replayed}");
        }

        Apply(now, steps);
        for (sbyte n = 0; n < 2; n++)
            Read(n, now, steps);
    }

    /// <summary>as_of is PostgreSQL's clock when the record was made, not when it was applied.</summary>
    private static void Apply(in LagState now, Steps<LagState, LagAction> steps)
    {
        var next = now;
        if (now.Lo < now.Rows)
        {
            (next.Value, next.FilledAt, next.Lease) = (None, 0, 0);
            next.AsOf = Math.Max(now.AsOf, now.VisibleAt[now.Lo]);
            next.Lo++;
            steps.Take(ChangeIsApplied, next, $"lo {next.Lo}, as_of {next.AsOf}");
        }

        if (now.Lo >= now.HeartbeatAfter && now.HeartbeatAt > now.AsOf)
        {
            next = now;
            next.AsOf = now.HeartbeatAt;
            steps.Take(HeartbeatIsApplied, next, $"as_of {next.AsOf}");
        }
    }

    private void Read(sbyte n, in LagState now, Steps<LagState, LagAction> steps)
    {
        var next = now;
        ref var me = ref next.Readers[n];
        switch (me.At)
        {
            case ReaderAt.Idle:
                (me.At, me.AsOf) = (ReaderAt.KnowsWatermark, now.AsOf);
                steps.Take(ReaderReadsWatermark, next, $"reader {n}, as_of {now.AsOf}");
                break;
            case ReaderAt.KnowsWatermark:
                Get(n, now, steps);
                break;
            case ReaderAt.Won:
                (me.At, me.AsOf, me.Fence) = (ReaderAt.HasFence, now.AsOf, now.Lo); // applied in one step here: hi = lo
                steps.Take(ReaderTakesFence, next, $"reader {n}, fence {me.Fence}, as_of {me.AsOf}");
                break;
            case ReaderAt.HasFence:
                (me.At, me.Value, me.FilledAt) = (ReaderAt.HasValue, now.Rows, now.Now);
                steps.Take(ReaderReadsPrimary, next, $"reader {n}: {me.Value} changes");
                var isAway = now.Now - me.AsOf > MaxLag;
                if (now.Replayed < me.Fence || (isAway && fault != LagFault.FollowerFillWhileStreamIsAway))
                    break;
                me.Value = now.Replayed;
                if (!isAway)
                    me.FilledAt = Math.Min(now.Now, me.AsOf);
                steps.Take(ReaderReadsFollower, next, $"reader {n}: {me.Value} changes, filled_at {me.FilledAt}");
                break;
            case ReaderAt.HasValue:
                var fills = now.Lease == n + 1;
                if (fills)
                    (next.Value, next.FilledAt, next.Lease) = (me.Value, me.FilledAt, 0);
                me = default;
                steps.Take(fills ? ReaderFills : ReaderIsOvertaken, next, $"reader {n}");
                break;
        }
    }

    /// <summary>Reading 2.</summary>
    private void Get(sbyte n, in LagState now, Steps<LagState, LagAction> steps)
    {
        var next = now;
        ref var me = ref next.Readers[n];
        if (now.Value >= 0)
        {
            var isFresh = now.Now - me.AsOf <= MaxLag || now.Now - now.FilledAt <= MaxLag || fault == LagFault.HitServedWhateverTheLag;
            if (isFresh && now.Value < now.Rows && now.Now - now.VisibleAt[now.Value] > MaxLag)
            {
                steps.Break(ReaderHits, $"old rows served as fresh: at {now.Now} reader {n} gets {now.Value} changes; the next one was "
                    + $"visible at {now.VisibleAt[now.Value]}");
            }

            if (isFresh)
            {
                me = default;
                steps.Take(ReaderHits, next, $"reader {n}: {now.Value} changes");
                return;
            }

            (next.Value, next.FilledAt, next.Lease) = (None, 0, 0); // md I C<cas>, and ask again: one wins
            steps.Take(ReaderMarksWhatIsTooOld, next, $"reader {n}");
        }
        else if (now.Lease == 0)
        {
            (me.At, next.Lease) = (ReaderAt.Won, (sbyte)(n + 1));
            steps.Take(ReaderWinsLease, next, $"reader {n}");
        }
        else
        {
            me = default;
            steps.Take(ReaderMustWait, next, $"reader {n}");
        }
    }

    public LagState Canonical(LagState state)
    {
        foreach (ref var reader in (Span<Reader>)state.Readers)
        {
            if (reader.At is ReaderAt.Won or ReaderAt.HasValue)
                (reader.AsOf, reader.Fence) = (0, 0);
        }

        return state;
    }
}
