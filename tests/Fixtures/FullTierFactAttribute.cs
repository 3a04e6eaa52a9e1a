using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>A test of minutes, which only <c>./insta test --all</c> runs; skipped by name otherwise.</summary>
public sealed class FullTierFactAttribute : FactAttribute
{
    public FullTierFactAttribute()
    {
        if (!TestTier.All) Skip = "only with --all";
    }
}
