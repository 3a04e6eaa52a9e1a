using static InstaGrpc.Robustness.Model.Nested.NestedAction;

namespace InstaGrpc.Robustness.Model.Nested;

/// <summary>
/// A cached method whose handler calls another cached method. One change concerns both, and the marks of one pipeline stand in any
/// order, so the inner entry may still be unmarked after the outer one was.
/// </summary>
/// <remarks>Promised: an unmarked value, outer or inner, includes everything applied.</remarks>
public sealed class NestedModel(int commits, NestedFault fault = NestedFault.None) : IModel<NestedState, NestedAction>
{
    private const sbyte None = -1;

    public NestedState Start => new() { Outer = None, Inner = None };

    public string? Violation(in NestedState state)
    {
        if (state.Outer >= 0 && state.Outer < state.Lo)
            return $"stale for ever: the outer value includes {state.Outer} changes, although {state.Lo} were applied";
        return state is { Inner: >= 0, InnerIsMarked: false } && state.Inner < state.Lo
            ? $"stale for ever: the inner value includes {state.Inner} changes, although {state.Lo} were applied"
            : null;
    }

    public void Explore(in NestedState now, Steps<NestedState, NestedAction> steps)
    {
        var next = now;
        if (now.Rows < commits)
        {
            next.Rows++;
            steps.Take(RowChanges, next, $"change {next.Rows}");
        }

        Invalidate(now, steps);

        if (now.Inner < 0 || now.InnerIsMarked)
        {
            next = now;
            (next.Inner, next.InnerIsMarked) = (now.Rows, false);
            steps.Take(InnerReaderFills, next, $"{now.Rows} changes");
        }

        next = now;
        switch (now.At)
        {
            case OuterAt.Idle when now.Outer < 0:
                (next.At, next.HasLease) = (OuterAt.Won, true);
                steps.Take(OuterReaderWinsLease, next);
                break;
            case OuterAt.Won:
                (next.At, next.Fence) = (OuterAt.HasFence, now.Hi);
                steps.Take(OuterReaderTakesFence, next, $"fence {next.Fence}");
                break;
            case OuterAt.HasFence:
                ReadInner(now, steps);
                break;
            case OuterAt.HasValue:
                if (now.HasLease)
                    next.Outer = now.Read;
                (next.At, next.HasLease, next.Fence, next.Read) = (OuterAt.Idle, false, 0, 0);
                steps.Take(now.HasLease ? OuterReaderFills : OuterReaderIsOvertaken, next, $"{now.Read} changes");
                break;
        }
    }

    private static void Invalidate(in NestedState now, Steps<NestedState, NestedAction> steps)
    {
        var next = now;
        if (!now.Applying)
        {
            if (now.Lo == now.Rows)
                return;
            (next.Applying, next.Hi) = (true, now.Rows);
            steps.Take(InvalidatorWritesHi, next, $"hi {next.Hi}");
            return;
        }

        if (!now.OuterIsDone)
        {
            (next.OuterIsDone, next.Outer, next.HasLease) = (true, None, false);
            steps.Take(InvalidatorMarksOuter, next);
        }

        if (!now.InnerIsDone)
        {
            next = now;
            (next.InnerIsDone, next.InnerIsMarked) = (true, now.Inner >= 0);
            steps.Take(InvalidatorMarksInner, next);
        }

        if (now is { OuterIsDone: true, InnerIsDone: true })
        {
            next = now;
            (next.Applying, next.OuterIsDone, next.InnerIsDone, next.Lo) = (false, false, false, now.Hi);
            steps.Take(InvalidatorWritesLo, next, $"lo {next.Lo}");
        }
    }

    /// <summary>Reading 3: with the token <c>fence</c> and without stale; what the cache can't answer so is read uncached.</summary>
    private void ReadInner(in NestedState now, Steps<NestedState, NestedAction> steps)
    {
        var next = now;
        next.At = OuterAt.HasValue;
        var mayUseCache = now.Lo >= now.Fence || fault == NestedFault.WithoutFence;
        if (mayUseCache && now.Inner >= 0 && (!now.InnerIsMarked || fault == NestedFault.MayBeStale))
        {
            next.Read = now.Inner;
            steps.Take(HandlerReadsInnerFromCache, next, $"{next.Read} changes{(now.InnerIsMarked ? ", stale" : "")}");
            return;
        }

        next.Read = now.Rows;
        steps.Take(HandlerReadsInnerUncached, next, $"{next.Read} changes");
    }
}
