using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Stale;

public sealed class StaleModelTests(ITestOutputHelper output) : ModelTests(output)
{
    private static readonly StaleBounds s_small = new(Commits: 1, Ticks: 2, Evictions: 1);

    [Fact]
    public void AStaleAnswerWasNeverOvertakenLongerAgoThanAllowed()
    {
        AssertSound(Bounds().Select(b => Explorer.Explore($"stale, {b}", new StaleModel(b))));

        static IEnumerable<StaleBounds> Bounds()
        {
            yield return new(Commits: 1, Ticks: 3, Evictions: 1);
            yield return new(Commits: 2, Ticks: 2, Evictions: 0);
            yield return new(Commits: 2, Ticks: 0, Evictions: 0, Alone: true);
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
        Find(StaleFault.KeepsOverOthersFill, new(Commits: 1, Ticks: 0, Evictions: 0, Alone: true), "refills leapfrog");

    private void Find(StaleFault fault, StaleBounds bounds, string damage) =>
        AssertFound(Explorer.Explore($"stale, {fault}", new StaleModel(bounds, fault)), damage);
}
