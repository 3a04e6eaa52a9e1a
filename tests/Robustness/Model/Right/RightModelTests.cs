using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Right;

public sealed class RightModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void OneRefillAnIntervalAndNobodyStarves()
    {
        AssertSound(Bounds().Select(bounds => Explorer.Explore(
            $"right, {bounds}", new RightModel(bounds.Ticks, bounds.Changes, bounds.Evictions, bounds.Forced, bounds.FirstTime))));

        static IEnumerable<(sbyte Ticks, sbyte Changes, sbyte Evictions, sbyte Forced, sbyte FirstTime)> Bounds()
        {
            yield return (3, 2, 1, 0, -1);
            yield return (2, 2, 0, 1, -1);
            yield return (2, 2, 0, 0, 9);
            if (All)
            {
                yield return (4, 3, 0, 1, -1);
                yield return (4, 2, 2, 1, -1);
            }
        }
    }

    [Fact]
    public void ARightWrittenWithoutCasIsTakenTwice() => Find(RightFault.RightWithoutCas, "refills by");

    [Fact]
    public void ARightInTheFutureThatIsBelievedStopsEveryRefill() => Find(RightFault.FutureTimeBelieved, "is refused", firstTime: 9);

    [Fact]
    public void AWinnerWithoutTheRightWhoRefillsMakesTwoInOneInterval() => Find(RightFault.RefillsWithoutRight, "refills by");

    [Fact]
    public void AWinnerWithoutTheRightWhoForgetsItLeavesTheKeyToNobody() => Find(RightFault.WinForgotten, "starves");

    [Fact]
    public void ARefillPutOffThatTakesNoRightMakesTwoInOneInterval() => Find(RightFault.WaitsAndTakesNoRight, "refills by");

    [Fact]
    public void AnEarlierWinPutInTheLaterOnesPlaceLeavesTheKeyToNobody() => Find(RightFault.LastToAskReplaces, "starves");

    [Fact]
    public void ALaterWinOfTheProcessThatIsNotFlownCostsARefillForNothing() => Find(RightFault.LaterWinNotFlown, "a CAS that was lost");

    [Fact]
    public void ALookThatKeepsItsWinLeavesTheKeyToNobody() => Find(RightFault.LookKeepsItsWin, "starves", forced: 1);

    [Fact]
    public void KeepingOverSomebodyElsesFillPutsAnOlderValueOverIt() => Find(RightFault.KeepsOverOthersFill, "changes over", forced: 1);

    private void Find(RightFault fault, string damage, sbyte forced = 0, sbyte firstTime = -1) =>
        AssertFound(Explorer.Explore($"right, {fault}", new RightModel(3, 3, 0, forced, firstTime, fault)), damage);
}
