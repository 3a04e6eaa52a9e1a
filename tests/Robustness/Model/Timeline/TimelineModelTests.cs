using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Timeline;

public sealed class TimelineModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void AfterAPromotionEveryTokenFindsItsWriteIfItSurvived() =>
        AssertSound(Explorer.Explore("timeline, 3 commits each", new TimelineModel(commits: 3)));

    [Fact]
    public void ATokenComparedWithoutItsTimelineHitsWhatLacksTheWrite() =>
        Find(TimelineFault.TokenWithoutTimeline, "own write missing");

    [Fact]
    public void AFollowerComparedWithoutItsTimelineFillsWhatWasLost() =>
        Find(TimelineFault.FollowerWithoutTimeline, "a follower of the old timeline filled");

    private void Find(TimelineFault fault, string damage) =>
        AssertFound(Explorer.Explore($"timeline, {fault}", new TimelineModel(commits: 2, fault)), damage);
}
