using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.L1;

public sealed class L1ModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void NoInterleavingLeavesAnOldValueInL1() => AssertSound(
        Explorer.Explore("L1, 1 change, 1 broken stream", new L1Model(commits: 1, breaks: 1)),
        Explorer.Explore("L1, 2 changes", new L1Model(commits: 2, breaks: All ? 1 : 0)));

    [Fact]
    public void ADropBeforeTheMarkLetsTheOldValueComeBack() => Find(L1Fault.DropBeforeMark, "stale in L1");

    [Fact]
    public void AnInsertWithoutTheDropCounterPutsTheOldValueBack() => Find(L1Fault.InsertWithoutCounter, "stale in L1");

    [Fact]
    public void LoReadAfterTheGetVouchesForMoreThanTheValueIncludes() => Find(L1Fault.LoReadAfterGet, "a token answered too old");

    [Fact]
    public void AStreamThatBeginsWithoutRaisingTheCountersForgetsDropsBetween() =>
        Find(L1Fault.ConnectWithoutRaisingCounters, "stale in L1", breaks: 1);

    [Fact]
    public void ACounterComparedBeforeTheStreamLetsALossPassBetween() => Find(L1Fault.CounterBeforeStream, "before a lost stream", breaks: 1);

    [Fact]
    public void AStreamOfAReplacedLineageBringsNoDrops() => Find(L1Fault.StreamOfAnotherOwner, "stale in L1");

    private void Find(L1Fault fault, string damage, int breaks = 0) =>
        AssertFound(Explorer.Explore($"L1, {fault}", new L1Model(commits: 1, breaks, fault)), damage);
}
