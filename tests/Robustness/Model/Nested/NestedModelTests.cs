using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Nested;

public sealed class NestedModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void AnOuterValueKeepsNothingThatTheInnerOneLost() =>
        AssertSound(Explorer.Explore("nested, 3 changes", new NestedModel(commits: 3)));

    [Fact]
    public void ANestedReadWithoutTheFenceKeepsTheInnerValuesStaleness() => Find(NestedFault.WithoutFence);

    [Fact]
    public void ANestedReadThatMayBeStaleKeepsTheInnerValuesStaleness() => Find(NestedFault.MayBeStale);

    private void Find(NestedFault fault) =>
        AssertFound(Explorer.Explore($"nested, {fault}", new NestedModel(commits: 1, fault)), "stale for ever: the outer value");
}
