using System.Diagnostics;
using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Tests;

public sealed class LoadRunnerTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task AStallIsChargedToAllThatWasDueMeanwhile()
    {
        // For 0.6 s nothing is answered; a loop that waits for answers would have seen one slow call.
        var begun = 0L;
        var scenario = Scenario.Create("stalls", async _ =>
        {
            Interlocked.CompareExchange(ref begun, Stopwatch.GetTimestamp(), 0);
            var into = Stopwatch.GetElapsedTime(begun);
            if (into > _second * 0.2 && into < _second * 0.8) await Task.Delay(_second * 0.8 - into);
            return Response.Ok();
        }).WithLoadSimulations(Simulation.Inject(100, _second, _second));
        var stats = Assert.Single(await LoadRunner.RegisterScenarios(scenario).RunAsync(default));
        Assert.Equal((100, 0), (stats.Ok, stats.Fail));
        Assert.InRange(stats.Latency.P75, 100, 10_000);
        Assert.InRange(stats.Latency.Max, 550, 10_000);
    }

    [Fact]
    public async Task AServerThatBlocksTheRunnersOwnThreadIsChargedToo()
    {
        // The scenario blocks before its first wait, so the iterations after it begin late: their latency counts from when they were due.
        var scenario = Scenario.Create("blocks", context =>
        {
            if (context.InvocationNumber == 10) Thread.Sleep(400);
            return Task.FromResult(Response.Ok());
        }).WithLoadSimulations(Simulation.Inject(100, _second, _second));
        var late = 0L;
        var stats = await LoadRunner.RegisterScenarios(scenario).WithIntervals(interval =>
        {
            late += interval.LateOver5Ms;
            return Task.CompletedTask;
        }).RunAsync(default);
        Assert.InRange(late, 30, 100);
        Assert.InRange(stats[0].Latency.P75, 50, 10_000);
    }

    [Fact]
    public async Task StepsAndFailuresAreCountedByName()
    {
        var scenario = Scenario.Create("steps", async context =>
        {
            await Step.Run("good", context, static () => Task.FromResult(Response.Ok()));
            return await Step.Run("bad", context, () => context.InvocationNumber % 2 == 0
                ? throw new InvalidOperationException("why")
                : Task.FromResult(Response.Fail("Odd")));
        }).WithLoadSimulations(Simulation.Inject(20, _second, _second));
        var totals = new RunTotals();
        await LoadRunner.RegisterScenarios(scenario).WithIntervals(interval =>
        {
            totals.Add(interval);
            return Task.CompletedTask;
        }).RunAsync(default);
        Assert.Equal(20, totals.Steps[("steps", "good")].Ok);
        var bad = totals.Steps[("steps", "bad")];
        Assert.Equal((0, 10, 10), (bad.Ok, bad.Fails["Odd"], bad.Fails["InvalidOperationException"]));
        Assert.Equal(20, totals.Steps[("steps", "")].Fails.Values.Sum());
    }

    [Fact]
    public async Task SimulationsFollowEachOtherAndTheWarmUpDoesNotCount()
    {
        var runs = 0;
        var scenario = Scenario.Create("phases", _ =>
        {
            Interlocked.Increment(ref runs);
            return Task.FromResult(Response.Ok());
        }).WithLoadSimulations(Simulation.Inject(40, _second, _second / 2), Simulation.Pause(_second / 4), Simulation.KeepConstant(1, _second / 4))
            .WithWarmUpDuration(_second / 4);
        var stats = await LoadRunner.RegisterScenarios(scenario).RunAsync(default);
        Assert.True(stats[0].Ok > 20, $"{stats[0].Ok}");
        Assert.Equal(10, runs - stats[0].Ok);
    }

    [Fact]
    public async Task WhatIsTooMuchAtOnceFailsInsteadOfFillingTheMemory()
    {
        var gate = new TaskCompletionSource();
        var scenario = Scenario.Create("stuck", async _ =>
        {
            await gate.Task;
            return Response.Ok();
        }).WithLoadSimulations(Simulation.Inject(100, _second, _second));
        var running = LoadRunner.RegisterScenarios(scenario).WithOptions(new RunOptions { MostInFlight = 7 }).WithIntervals(_ =>
        {
            gate.TrySetResult();
            return Task.CompletedTask;
        }).RunAsync(default);
        var stats = await running;
        Assert.InRange(stats[0].Ok, 7, 99);
        Assert.True(stats[0].Fail > 0);
    }
}
