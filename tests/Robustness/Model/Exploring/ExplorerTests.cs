namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>The explorer itself, on two hands of a clock that must not meet at three.</summary>
public sealed class ExplorerTests
{
    public enum HandAction
    {
        ShortHandMoves,
        LongHandMoves,
        LongHandJumps,
        NeverHappens,
    }

    [Fact]
    public void EveryReachableStateIsFoundOnce() => Assert.Equal(6 * 6, Explorer.Explore("hands", new Hands(meetAt: -1)).States);

    [Fact]
    public void StatesOfOneFormAreCountedOnce() =>
        Assert.Equal(6 * 7 / 2, Explorer.Explore("hands", new Hands(meetAt: -1, areAlike: true)).States);

    [Fact]
    public void TheTraceToAFaultIsAShortestOne()
    {
        var found = Explorer.Explore("hands", new Hands(meetAt: 3));
        Assert.Equal("the hands met at 3", found.Fault);
        Assert.Equal(5, found.Trace.Count); // 3 moves of the short hand, a move and a jump of the long one
        Assert.Equal(1, found.Trace.Count(line => line.StartsWith("long hand jumps", StringComparison.Ordinal)));
    }

    [Fact]
    public void ATraceThroughCanonicalFormsIsToldInStatesAsTheyAre()
    {
        var found = Explorer.Explore("hands", new Hands(meetAt: 3, areAlike: true));
        Assert.Equal(["short hand moves (to 1)", "short hand moves (to 2)", "short hand moves (to 3)"],
            found.Trace.Where(line => line.StartsWith("short", StringComparison.Ordinal)));
    }

    [Fact]
    public void AnActionThatNeverFiresIsCountedAsZero() =>
        Assert.Equal(0, Explorer.Explore("hands", new Hands(meetAt: -1)).Fired["never happens"]);

    [Fact]
    public void MoreStatesThanTheLimitAreRefused() =>
        Assert.Throws<InvalidOperationException>(() => Explorer.Explore("hands", new Hands(meetAt: -1), limit: 10));

    public struct HandState
    {
        public sbyte Short, Long;
    }

    private sealed class Hands(int meetAt, bool areAlike = false) : IModel<HandState, HandAction>
    {
        public HandState Start => default;

        public string? Violation(in HandState state) =>
            state.Short == meetAt && state.Long == meetAt ? $"the hands met at {meetAt}" : null;

        public void Explore(in HandState now, Steps<HandState, HandAction> steps)
        {
            if (now.Short < 5)
                steps.Take(HandAction.ShortHandMoves, now with { Short = (sbyte)(now.Short + 1) }, $"to {now.Short + 1}");
            if (now.Long < 5)
                steps.Take(HandAction.LongHandMoves, now with { Long = (sbyte)(now.Long + 1) }, $"to {now.Long + 1}");
            if (now.Long < 4 && !areAlike)
                steps.Take(HandAction.LongHandJumps, now with { Long = (sbyte)(now.Long + 2) }, $"to {now.Long + 2}");
        }

        public HandState Canonical(HandState state) =>
            areAlike && state.Short > state.Long ? new HandState { Short = state.Long, Long = state.Short } : state;
    }
}
