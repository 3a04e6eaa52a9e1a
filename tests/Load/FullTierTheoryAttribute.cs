using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

/// <summary>A theory that takes too long for each time: skipped by name, and run by <c>./insta test Load --all</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FullTierTheoryAttribute : TheoryAttribute
{
    public FullTierTheoryAttribute() => Skip = TestTier.All ? null : "in the full tier: ./insta test Load --all";
}
