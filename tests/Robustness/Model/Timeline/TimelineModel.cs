using static InstaGrpc.Robustness.Model.Timeline.TimelineAction;

namespace InstaGrpc.Robustness.Model.Timeline;

/// <summary>
/// A standby that lags is promoted: its LSNs run behind those that the old primary had, and mean other commits.
/// </summary>
/// <remarks>
/// Promised: a read whose token names a commit that survived gets it; an entry of the new timeline's generation includes what was
/// applied and nothing that was lost.
/// </remarks>
public sealed class TimelineModel(int commits, TimelineFault fault = TimelineFault.None) : IModel<TimelineState, TimelineAction>
{
    public TimelineState Start => new() { Timeline = 1 };

    public string? Violation(in TimelineState state)
    {
        if (!state.HasItem || state.Timeline == 1)
            return null;
        return state.ItemOld != state.Standby || state.Standby + state.ItemNew < state.Lo
            ? $"a follower of the old timeline filled: {state.ItemOld} old and {state.ItemNew} new commits, fork {state.Standby}, "
                + $"lo {state.Lo}"
            : null;
    }

    public void Explore(in TimelineState now, Steps<TimelineState, TimelineAction> steps)
    {
        Nodes(now, steps);
        Apply(now, steps);
        Fill(now, steps);

        // Every token that a writer can hold.
        for (sbyte lsn = 1; lsn <= now.Old; lsn++)
            Read(1, lsn, now, steps);
        for (var lsn = (sbyte)(now.Standby + 1); now.IsPromoted && lsn <= now.Standby + now.New; lsn++)
            Read(2, lsn, now, steps);
    }

    private void Nodes(in TimelineState now, Steps<TimelineState, TimelineAction> steps)
    {
        var next = now;
        if (!now.IsPromoted && now.Old < commits)
        {
            next.Old++;
            steps.Take(OldPrimaryCommits, next, $"1/{next.Old}");
        }

        if (!now.IsPromoted && now.Standby < now.Old)
        {
            next = now;
            next.Standby++;
            steps.Take(StandbyReplays, next, $"1/{next.Standby}");
        }

        if (now.Other < now.Old)
        {
            next = now;
            next.Other++;
            steps.Take(OtherFollowerReplays, next, $"1/{next.Other}");
        }

        if (!now.IsPromoted)
        {
            next = now;
            next.IsPromoted = true;
            steps.Take(StandbyIsPromoted, next, $"fork {now.Standby}");
        }

        if (now.IsPromoted && now.New < commits)
        {
            next = now;
            next.New++;
            steps.Take(NewPrimaryCommits, next, $"2/{next.Standby + next.New}");
        }
    }

    private static void Apply(in TimelineState now, Steps<TimelineState, TimelineAction> steps)
    {
        var next = now;
        var end = now.Timeline == 1 ? now.Old : now.Standby + now.New;
        if (now.Lo < end)
        {
            next.Lo++;
            Forget(ref next);
            steps.Take(ChangeIsApplied, next, $"{now.Timeline}/{next.Lo}");
        }

        if (now is { IsPromoted: true, Timeline: 1 })
        {
            next = now;
            (next.Timeline, next.Lo) = (2, now.Standby);
            Forget(ref next);
            steps.Take(ResetBeginsGeneration, next, $"2/{next.Lo}");
        }
    }

    private void Fill(in TimelineState now, Steps<TimelineState, TimelineAction> steps)
    {
        if (now.HasItem)
            return;
        var next = now;
        next.HasItem = true;

        // After a promotion the old primary is fenced off; until Reset has come, what the new one gives belongs to the old generation.
        (next.ItemOld, next.ItemNew) = now.IsPromoted ? (now.Standby, now.New) : (now.Old, (sbyte)0);
        steps.Take(ReaderFillsFromPrimary, next, $"{next.ItemOld} old, {next.ItemNew} new commits");

        if (now.Other >= now.Lo && (now.Timeline == 1 || fault == TimelineFault.FollowerWithoutTimeline))
        {
            (next.ItemOld, next.ItemNew) = (now.Other, 0);
            steps.Take(ReaderFillsFromFollower, next, $"follower at 1/{now.Other}, fence {now.Timeline}/{now.Lo}");
        }
    }

    /// <summary>"One of an earlier timeline than the watermark's is satisfied; one of a later timeline: read the primary."</summary>
    private void Read(sbyte timeline, sbyte lsn, in TimelineState now, Steps<TimelineState, TimelineAction> steps)
    {
        if (timeline > now.Timeline && fault != TimelineFault.TokenWithoutTimeline)
        {
            steps.Take(TokenReadGoesToPrimary, now, $"token {timeline}/{lsn}");
            return;
        }

        var isSatisfied = fault == TimelineFault.TokenWithoutTimeline ? now.Lo >= lsn : timeline < now.Timeline || now.Lo >= lsn;
        if (!isSatisfied || !now.HasItem)
        {
            steps.Take(TokenReadMustWait, now, $"token {timeline}/{lsn}");
            return;
        }

        var survived = timeline == 2 || !now.IsPromoted || lsn <= now.Standby;
        var hasIt = timeline == 1 ? now.ItemOld >= lsn : now.ItemNew >= lsn - now.Standby;
        if (survived && !hasIt)
        {
            steps.Break(TokenReadHits, $"own write missing: the token {timeline}/{lsn} hits an entry with {now.ItemOld} old and "
                + $"{now.ItemNew} new commits (watermark {now.Timeline}/{now.Lo}, fork {now.Standby})");
        }

        steps.Take(TokenReadHits, now, $"token {timeline}/{lsn}");
    }

    private static void Forget(ref TimelineState state) => (state.HasItem, state.ItemOld, state.ItemNew) = (false, 0, 0);
}
