using InstaGrpc.Load.Workers;

namespace InstaGrpc.Load.Tests;

public sealed class StartLineTests
{
    [Fact]
    public async Task TheBeginningIsFixedWhenAllHaveWarmedUp()
    {
        var line = new StartLine(2);
        var first = line.WarmAsync(CancellationToken.None);
        Assert.False(first.IsCompleted);
        var last = DateTimeOffset.UtcNow;
        var begin = await line.WarmAsync(CancellationToken.None);
        Assert.True(begin > last);
        Assert.Equal(begin, await first);
    }

    [Fact]
    public async Task NobodyWaitsForOneWhoWillNotCome()
    {
        var line = new StartLine(2);
        var first = line.WarmAsync(CancellationToken.None);
        line.Fail(new InvalidOperationException("it has ended"));
        Assert.Equal("it has ended", (await Assert.ThrowsAsync<InvalidOperationException>(() => first)).Message);
    }

    [Fact]
    public async Task AWorkerAsksForTheBeginningAfterItsWarmUp()
    {
        var (runs, before) = (0, 0);
        var second = TimeSpan.FromSeconds(1);
        var scenario = Scenario.Create("warm", _ =>
        {
            Interlocked.Increment(ref runs);
            return Task.FromResult(Response.Ok());
        }).WithLoadSimulations(Simulation.Inject(20, second, second / 4)).WithWarmUpDuration(second / 4);
        var begin = DateTimeOffset.MinValue;
        await LoadRunner.RegisterScenarios(scenario).WithOptions(new RunOptions
        {
            Begin = _ =>
            {
                before = runs;
                begin = DateTimeOffset.UtcNow + (second / 10);
                return Task.FromResult(begin);
            },
        }).WithBegin(_ => Assert.True(DateTimeOffset.UtcNow >= begin - (second / 50))).RunAsync(default);
        Assert.Equal((5, 10), (before, runs));
    }
}
