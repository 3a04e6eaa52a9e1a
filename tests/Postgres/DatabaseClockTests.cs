using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres.Tests;

public class DatabaseClockTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly NodeName _n1 = new("n1");

    [Fact]
    public async Task NowIsPostgresClockWhateverThisMachinesClockSays()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var clock = new DatabaseClock(nodes.Pool, new SteppingClock());
        Assert.False(clock.TryGetNow(_n1, out _));
        Assert.Throws<NodeUnavailableException>(() => clock.Now(_n1));
        while (!await clock.MeasureAsync(_n1, Patience.Token()))
        {
            // A busy machine can take more than the limit for each of the samples.
        }

        await using var connection = await nodes.Nodes[_n1].OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            var before = new DateTimeOffset(await connection.ScalarAsync<DateTime>("SELECT clock_timestamp()"));
            var now = await clock.EnsureAsync(_n1, Patience.Token());
            var after = new DateTimeOffset(await connection.ScalarAsync<DateTime>("SELECT clock_timestamp()"));
            var tolerance = nodes.Options.ClockMaxRoundTrip / 2;
            Assert.InRange(now, before - tolerance, after + tolerance);
        }
    }

    [Fact]
    public async Task AMeasurementThatTookTooLongIsThrownAwayAndTheFormerOneStays()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var clock = new DatabaseClock(nodes.Pool, TimeProvider.System);
        nodes.Options.ClockMaxRoundTrip = TimeSpan.FromTicks(1);
        Assert.False(await clock.MeasureAsync(_n1, Patience.Token()));
        await Assert.ThrowsAsync<NodeUnavailableException>(() => clock.EnsureAsync(_n1, Patience.Token()).AsTask());
        nodes.Options.ClockMaxRoundTrip = TimeSpan.FromMinutes(1);
        Assert.True(await clock.MeasureAsync(_n1, Patience.Token()));
        nodes.Options.ClockMaxRoundTrip = TimeSpan.FromTicks(1);
        Assert.False(await clock.MeasureAsync(_n1, Patience.Token()));
        Assert.True(clock.TryGetNow(_n1, out _));
    }

    /// <summary>The wall clock jumps by an hour each time it is read; the monotonic one runs.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private int _read;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(++_read);
    }
}
