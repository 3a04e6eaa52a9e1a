using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Flight;

public sealed class FlightModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void EveryCallerGetsAtLeastWhatWasAppliedWhenItAsked()
    {
        AssertSound(Bounds().Select(b =>
            Explorer.Explore($"flight, {b.Commits} changes, {b.Evictions} evictions", new FlightModel(b.Commits, b.Evictions))));

        static IEnumerable<(int Commits, int Evictions)> Bounds()
        {
            yield return (Commits: 1, Evictions: 1);
            if (All)
                yield return (Commits: 2, Evictions: 0);
        }
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
