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

    [Fact]
    public async Task AThresholdThatIsMissedIsTold()
    {
        var scenario = Scenario.Create("judged", static context => Task.FromResult(context.InvocationNumber == 0 ? Response.Fail("Bad") : Response.Ok()))
            .WithLoadSimulations(Simulation.Inject(20, _second, _second / 2))
            .WithThresholds(Threshold.Create("none fails", static one => one.Fail == 0), Threshold.Create("some end well", static one => one.Ok > 0));
        var stats = await LoadRunner.RegisterScenarios(scenario).RunAsync(default);
        Assert.Equal(new Dictionary<string, bool> { ["none fails"] = false, ["some end well"] = true }, stats[0].Thresholds);
    }

    [Fact]
    public async Task AScenarioIsPreparedBeforeAndCleanedAfterAll()
    {
        var (order, gate) = (new List<string>(), new Lock());
        var scenario = Scenario.Create("framed", _ => Note("run", Task.FromResult(Response.Ok()))).WithInit(_ => Note("init", Task.CompletedTask))
            .WithClean(_ => Note("clean", Task.CompletedTask)).WithLoadSimulations(Simulation.Inject(20, _second, _second / 10));
        await LoadRunner.RegisterScenarios(scenario).RunAsync(default);
        Assert.Equal(["init", "run", "run", "clean"], order);

        T Note<T>(string what, T value)
        {
            lock (gate) order.Add(what);
            return value;
        }
    }

    [Fact]
    public async Task CopiesAreAddedOneAfterTheOther()
    {
        // Each copy's first iteration lasts until the last copy has come: so many were there, and the first long before the last.
        var (begun, last) = (new List<long>(), new TaskCompletionSource());
        var scenario = Scenario.Create("ramped", async _ =>
        {
            lock (begun)
            {
                begun.Add(Stopwatch.GetTimestamp());
                if (begun.Count == 4) last.TrySetResult();
            }

            await last.Task;
            await Task.Yield();
            return Response.Ok();
        }).WithLoadSimulations(Simulation.RampingConstant(4, _second));
        await LoadRunner.RegisterScenarios(scenario).RunAsync(default);
        Assert.InRange(Stopwatch.GetElapsedTime(begun[0], begun[3]).TotalSeconds, 0.6, 30);
        Assert.InRange(Stopwatch.GetElapsedTime(begun[0], begun[1]).TotalSeconds, 0.1, 30);
    }

    [Fact]
    public void AFeedGoesRoundAndThoseOfACelebrityAreDrawnByZipfsLawWithoutHer()
    {
        var context = new Iteration(new ScenarioRecorder("feeds"), 0, 0, 1, default);
        var round = DataFeed.Circular(["a", "b", "c"]);
        Assert.Equal("abcab", string.Concat(Enumerable.Range(0, 5).Select(_ => round.GetNextItem(context))));

        var people = Enumerable.Range(0, 20).Select(static number => new Mesh.Person(number, number)).ToList();
        var readers = Scenarios.CelebrityScenario.Readers(people);
        var drawn = Enumerable.Range(0, 5000).Select(_ => readers.GetNextItem(context).Number).CountBy(static number => number).ToDictionary();
        Assert.False(drawn.ContainsKey(0));
        // Ranks 1 and 10: ten times as often.
        Assert.InRange((double)drawn[1] / drawn[10], 6, 16);
    }
}
