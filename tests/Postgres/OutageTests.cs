namespace InstaGrpc.Postgres.Tests;

public sealed class OutageTests
{
    [Fact]
    public void AReasonIsNewsOnceUntilItIsOver()
    {
        var outage = new Outage(TimeSpan.FromMilliseconds(100));

        Assert.True(outage.IsNews("refused"));
        Assert.False(outage.IsNews("refused"));
        Assert.True(outage.IsNews("timed out"));
        Assert.False(outage.IsNews("refused"));
        outage.Over();
        Assert.True(outage.IsNews("refused"));
    }

    [Fact]
    public void PausesDoubleToFiveSecondsAndBeginAnewAfterwards()
    {
        var outage = new Outage(TimeSpan.FromSeconds(1));

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(0, 5).Select(_ => outage.NextPause().TotalSeconds));
        outage.Over();
        Assert.Equal(TimeSpan.FromSeconds(1), outage.NextPause());
    }

    [Fact]
    public void ReasonsThatAlwaysDifferAreNotSaidForEver()
    {
        var outage = new Outage(TimeSpan.FromSeconds(1));

        Assert.InRange(Enumerable.Range(0, 1000).Count(number => outage.IsNews($"failed at {number}")), 1, 100);
    }
}
