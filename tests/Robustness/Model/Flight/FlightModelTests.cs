using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Flight;

public sealed class FlightModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void EveryCallerGetsAtLeastWhatWasAppliedWhenItAsked()
    {
        AssertSound(Explorer.Explore("flight, 1 change, 1 eviction", new FlightModel(commits: 1, evictions: 1)));
        if (All)
            AssertSound(Explorer.Explore("flight, 2 changes", new FlightModel(commits: 2, evictions: 0)));
    }

    [Fact]
    public void AStaleValueServedToATokenLacksItsWrite() => Find(FlightFault.StaleServedToToken, "own write missing");

    [Fact]
    public void AFlightFromBeforeTheFenceJoinedByATokenLacksItsWrite() => Find(FlightFault.JoinedFlightServedToToken, "own write missing");

    [Fact]
    public void AnOvertakenAnswerIsTooOldForWhoJoinedAfterItsHandlerStarted() =>
        Find(FlightFault.LateJoinerTakesOvertakenAnswer, "too old");

    [Fact]
    public void AFollowersOvertakenAnswerIsTooOldForWhoJoined() =>
        Find(FlightFault.JoinerTakesFollowersOvertakenAnswer, "too old");

    private void Find(FlightFault fault, string damage) =>
        AssertFound(Explorer.Explore($"flight, {fault}", new FlightModel(commits: 1, evictions: 0, fault)), damage);
}
