using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Stale;

public sealed class StaleModelTests(ITestOutputHelper output) : ModelTests(output)
{
    /// <summary>Of each of two processes: the run whose lease was won before the change, and the one that it wins afterwards.</summary>
    private const int MostRefills = 4;

    private static readonly StaleBounds s_small = new(Commits: 1, Ticks: 2, Evictions: 1);

    [Fact]
    public void AStaleAnswerWasNeverOvertakenLongerAgoThanAllowed()
    {
        AssertSound(Bounds().Select(b => Explorer.Explore($"stale, {b}", new StaleModel(b))));

        static IEnumerable<StaleBounds> Bounds()
        {
            yield return new(Commits: 1, Ticks: 3, Evictions: 1);
            yield return new(Commits: 2, Ticks: 2, Evictions: 0);
            yield return new(Commits: 2, Ticks: 0, Evictions: 0, Alone: true, MostRefills);
            if (All)
                yield return new(Commits: 2, Ticks: 3, Evictions: 1);
        }
    }

    [Fact]
    public void AnOvertakenValueStoredUnmarkedIsServedAsJustValid() =>
        Find(StaleFault.KeptValueStoredUnmarked, s_small, "stale for ever");

    [Fact]
    public void SeenWithoutTheFillIdTakesAnOlderValueForOneThatWasJustValid() =>
        Find(StaleFault.SeenWithoutFillId, s_small, "serves a value overtaken");

    [Fact]
    public void KeepingOverSomebodyElsesFillMakesRefillsLeapfrog() =>
        Find(StaleFault.KeepsOverOthersFill, new(Commits: 1, Ticks: 0, Evictions: 0, Alone: true, MostRefills), "refills leapfrog");

    /// <summary>
    /// No fault is planted here: this is the limit of the protocol. In every round a fill has to fall between one process's look and
    /// its <c>ms C&lt;old&gt; I</c>, and a win between that and its <c>md I</c>; the first round that is not hit so ends it.
    /// </summary>
    [Fact]
    public void KeepersInterruptedInEveryRoundMayStillLeapfrog() =>
        Find(StaleFault.None, new(Commits: 1, Ticks: 0, Evictions: 0, Alone: false, MostRefills: 2 * MostRefills), "refills leapfrog");

    private void Find(StaleFault fault, StaleBounds bounds, string damage) =>
        AssertFound(Explorer.Explore($"stale, {fault}", new StaleModel(bounds, fault)), damage);
}
