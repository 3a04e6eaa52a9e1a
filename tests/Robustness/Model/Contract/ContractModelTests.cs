using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Contract;

public sealed class ContractModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void NobodyCachesWhatIsNotInvalidated() => AssertSound(Explorer.Explore("contract", new ContractModel()));

    [Fact]
    public void AContractHonouredBeforeItsTableIsPublishedMissesChanges() => Find(ContractFault.HonouredBeforePublished);

    [Fact]
    public void ATransactionFromBeforeThePublicationIsNotInTheStream() => Find(ContractFault.PublishedWithoutLock);

    [Fact]
    public void ANumberThatCommitsAfterAHigherOneIsNeverLoaded() => Find(ContractFault.NumbersFromSequence);

    [Fact]
    public void AnEndedContractsNumberUsedAgainIsHonouredWithoutItsKeys() => Find(ContractFault.NumberUsedAgain);

    [Fact]
    public void ARefusedContractIsCoveredByAHigherNumber() => Find(ContractFault.RefusedCoveredByNumber);

    [Fact]
    public void ARefusedContractThatIsPublishedLaterIsNotFollowedYet() => Find(ContractFault.RefusedThenPublished);

    [Fact]
    public void ANewLineageWithoutTheContractsSkipsTheirKeys() => Find(ContractFault.LineageWithoutContracts);

    private void Find(ContractFault fault) =>
        AssertFound(Explorer.Explore($"contract, {fault}", new ContractModel(fault)), "never seen");
}
