using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Group;

public sealed class GroupModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void NoInterleavingLeavesAnOldPageUnderTheLiveVersion() => AssertSound(
        Explorer.Explore("group, 1 commit, 2 evictions", new GroupModel(commits: 1, evictions: 2)),
        Explorer.Explore("group, 2 commits", new GroupModel(commits: 2, evictions: All ? 1 : 0)));

    [Fact]
    public void AVersionUsedAgainMakesALatePageLive() => Find(GroupFault.VersionReused, "stale for ever");

    [Fact]
    public void APageReadBehindTheFenceIsOldUnderANewVersion() => Find(GroupFault.PageWithoutFence, "stale for ever");

    private void Find(GroupFault fault, string damage) =>
        AssertFound(Explorer.Explore($"group, {fault}", new GroupModel(commits: 2, evictions: 0, fault)), damage);
}
