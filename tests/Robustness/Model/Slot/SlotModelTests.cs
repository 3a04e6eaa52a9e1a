using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Slot;

public sealed class SlotModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void ASlotMadeAnewLosesNothingThatBecomesVisibleLater() => AssertSound(Explorer.Explore("slot", new SlotModel()));

    [Fact]
    public void AResetSentWhileACommitWaitsHidesItForEver() =>
        AssertFound(Explorer.Explore($"slot, {SlotFault.ResetAtOnce}", new SlotModel(SlotFault.ResetAtOnce)), "never seen");
}
