namespace InstaGrpc.TestFixtures;

/// <summary>How much a run does: <c>./insta test</c> is the short tier, <c>./insta test --all</c> runs every count in full.</summary>
public static class TestTier
{
    /// <summary>Whether everything is wanted (<c>INSTA_TEST_ALL=1</c>).</summary>
    public static bool All { get; } = Environment.GetEnvironmentVariable("INSTA_TEST_ALL") == "1";

    /// <summary>A count of the tier that runs.</summary>
    public static int Count(int shortTier, int full) => All ? full : shortTier;
}
