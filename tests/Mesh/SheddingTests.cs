using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Shedding;

namespace InstaGrpc.Mesh.Tests;

public sealed class SheddingTests
{
    private const int Connections = 16;

    [Theory]
    [InlineData(5)]
    [InlineData(25)]
    public void TheLimitFindsWhereMoreCallsOnlyWaitLonger(int milliseconds)
    {
        var limit = new AdaptiveLimit(new SheddingOptions { Initial = 200 });

        var seen = Run(limit, windows: 300, _ => milliseconds, noise: 0.05);

        // Whole throughput, and nobody waits for long: from 200 it is there within the first half.
        Assert.All(seen.Skip(150), static one => Assert.InRange(one, Connections * 0.6, Connections * 2));
        Assert.InRange(seen.Skip(150).Average(static one => Math.Min(one, Connections)), Connections * 0.95, Connections);
    }

    [Fact]
    public void AHandlerThatBecomesFiveTimesSlowerDoesNotStarve()
    {
        var limit = new AdaptiveLimit(new SheddingOptions());

        var seen = Run(limit, windows: 400, static window => window < 200 ? 5 : 25, noise: 0.05);

        // As many can be worked on as before: a limit that compared with the old latency would now be a fifth of it.
        Assert.InRange(seen.Skip(200).Average(static one => Math.Min(one, Connections)), Connections * 0.95, Connections);
        Assert.InRange(seen.Skip(300).Average(), Connections * 0.95, Connections * 1.5);
    }

    [Fact]
    public void ATooNarrowLimitWidens()
    {
        var limit = new AdaptiveLimit(new SheddingOptions { Initial = 8 });

        var seen = Run(limit, windows: 100, static _ => 5, noise: 0.02);

        Assert.InRange(seen.Skip(60).Average(), Connections * 0.95, Connections * 1.5);
    }

    [Fact]
    public void AfterAnOverloadTheLimitWidensForTheBurstsOfOrdinaryTimes()
    {
        var limit = new AdaptiveLimit(new SheddingOptions { Initial = 64 });
        Run(limit, windows: 200, static _ => 5, noise: 0.02);
        Assert.InRange(limit.Current, 1, 32);

        // 5 s.
        for (var window = 0; window < 50; window++)
        {
            limit.Observe(TimeSpan.FromMilliseconds(5), refused: 0);
        }

        Assert.InRange(limit.Current, 64, 72);
    }

    [Fact]
    public void SheddableCallsAreRefusedFirstAndCriticalOnesLast()
    {
        var gate = new CallGate(new SheddingOptions { Initial = 20 }, TimeProvider.System);
        var limit = gate.Limit;
        var entered = 0;
        while (gate.TryEnter(Priority.Sheddable))
        {
            entered++;
        }

        Assert.InRange(entered, 1, limit - 1);
        while (gate.TryEnter(Priority.Normal))
        {
            entered++;
        }

        Assert.Equal(limit, entered);
        Assert.True(gate.TryEnter(Priority.Critical));
        Assert.False(gate.TryEnter(Priority.Normal));
        Assert.Equal(limit + 1, gate.Running);
        Assert.InRange(gate.Pushback(), TimeSpan.FromMilliseconds(25), TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData(Priority.Sheddable)]
    [InlineData(Priority.Normal)]
    public void AFloodOfOnePriorityAloneNarrowsTheLimitToo(Priority priority)
    {
        var clock = new Clock();
        var gate = new CallGate(new SheddingOptions { Initial = 200 }, clock);
        List<int> seen = [];
        for (var round = 0; round < 10_000; round++)
        {
            // More than may; those who may then wait for one of 16 connections, 5 ms each.
            List<long> entered = [];
            for (var call = 0; call < 400; call++)
            {
                if (gate.TryEnter(priority))
                {
                    entered.Add(clock.GetTimestamp());
                }
            }

            seen.Add(entered.Count);
            clock.Add(TimeSpan.FromMilliseconds(5 * Math.Max(1, (double)entered.Count / Connections)));
            entered.ForEach(gate.Leave);
        }

        Assert.InRange(seen[0], 140, 220);
        Assert.InRange(seen.Skip(5_000).Average(), Connections * 0.7, Connections * 2);
    }

    /// <summary>Windows of a service that is asked for more than it can do: its calls wait for one of 16 connections.</summary>
    private static List<double> Run(AdaptiveLimit limit, int windows, Func<int, double> milliseconds, double noise)
    {
        var random = new Random(42);
        List<double> seen = [];
        for (var window = 0; window < windows; window++)
        {
            seen.Add(limit.Current);
            var latency = milliseconds(window) * Math.Max(1, (double)limit.Current / Connections);
            limit.Observe(TimeSpan.FromMilliseconds(latency * (1 + (noise * ((2 * random.NextDouble()) - 1)))), refused: 0.5);
        }

        return seen;
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Add(TimeSpan time) => _now += time.Ticks;
    }
}
