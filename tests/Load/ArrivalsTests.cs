using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Tests;

public sealed class ArrivalsTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Fact]
    public void AConstantRateIsEvenlySpaced()
    {
        var due = Arrivals.Of(Simulation.Inject(50, _second, _second * 3), 0, new Random(1)).ToList();
        // With as much before: it does not ramp.
        Assert.Equal(150, due.Count);
        Assert.All(due.Select(static (at, n) => (at, n)), one => Assert.Equal(one.n * 0.02, one.at.TotalSeconds, 1e-6));
    }

    [Fact]
    public void ARampBeginsWhereTheRateWasAndEndsWhereItShallBe()
    {
        var due = Arrivals.Of(Simulation.RampingInject(100, _second, _second * 10), 0, new Random(1)).ToList();
        Assert.Equal(500, due.Count);
        Assert.Equal(due.Order(), due);
        Assert.Equal(5, due.Count(static at => at < _second));
        Assert.InRange(due.Count(static at => at >= _second * 9), 94, 96);
        var down = Arrivals.Of(Simulation.RampingInject(50, _second, _second * 10), 100, new Random(1)).ToList();
        Assert.Equal(750, down.Count);
        Assert.InRange(down.Count(static at => at < _second), 97, 98);
    }

    [Fact]
    public void ARandomRateStaysBetweenItsEnds()
    {
        var due = Arrivals.Of(Simulation.InjectRandom(20, 60, _second, _second * 20), 0, new Random(1)).ToList();
        Assert.Equal(due.Order(), due);
        var each = due.GroupBy(static at => (int)at.TotalSeconds).Select(static second => second.Count()).ToList();
        Assert.Equal(20, each.Count);
        Assert.All(each, count => Assert.InRange(count, 20, 60));
        Assert.True(each.Distinct().Count() > 5);
    }

    [Fact]
    public void ABurstComesAtOnce() =>
        Assert.Equal([(0.0, 30), (1.0, 30)], Arrivals.Of(Simulation.Burst(30, _second, _second * 2), 0, new Random(1))
            .GroupBy(static at => at.TotalSeconds).Select(static burst => (burst.Key, burst.Count())));

    [Fact]
    public void ProcessesShareARate()
    {
        var share = Simulation.Inject(100, _second, _second * 4).Share(4);
        Assert.Equal(100, Arrivals.Of(share, 0, new Random(1)).Count());
    }

    [Fact]
    public void PopularUsersAreDrawnByZipfsLaw()
    {
        const int draws = 200_000;
        var feed = DataFeed.Zipf(Enumerable.Range(1, 100).ToList());
        var recorder = new ScenarioRecorder("zipf");
        var drawn = new int[101];
        for (var n = 0; n < draws; n++) drawn[feed.GetNextItem(new Iteration(recorder, n, 0, Seeds.Of(n), default))]++;
        var sum = Enumerable.Range(1, 100).Sum(static rank => 1.0 / rank);
        foreach (var rank in (int[])[1, 2, 5, 20, 100])
        {
            var expected = draws / (rank * sum);
            Assert.InRange(drawn[rank], expected - (6 * Math.Sqrt(expected)), expected + (6 * Math.Sqrt(expected)));
        }
    }
}
