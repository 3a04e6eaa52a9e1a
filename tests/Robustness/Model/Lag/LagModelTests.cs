using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Lag;

public sealed class LagModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void NoAnswerIsOlderThanMaxLagHoweverLongTheStreamIsAway()
    {
        AssertSound(Explorer.Explore("lag, 1 change, 3 ticks", new LagModel(commits: 1, ticks: 3)));
        if (All)
            AssertSound(Explorer.Explore("lag, 2 changes, 4 ticks", new LagModel(commits: 2, ticks: 4)));
    }

    [Fact]
    public void AFollowerFillWhileTheStreamIsAwayIsServedAsFresh() => Find(LagFault.FollowerFillWhileStreamIsAway);

    [Fact]
    public void AHitServedWhateverTheLagMayBeAsOldAsTheStream() => Find(LagFault.HitServedWhateverTheLag);

    private void Find(LagFault fault) =>
        AssertFound(Explorer.Explore($"lag, {fault}", new LagModel(commits: 1, ticks: 3, fault)), "old rows served as fresh");
}
