using System.Globalization;

namespace InstaGrpc.Ratios.Edge;

/// <summary>Load shedding, on a handler that holds one of 16 connections for 5 ms.</summary>
internal sealed class OverloadBenchmark : IBenchmark
{
    private const int Hold = 5;
    private const int SlowHold = 5 * Hold;
    private const int ClosedCallers = 32;
    private const double Overload = 2;
    private const double GoodputGoal = 0.9;
    private const double RecoveryGoal = 5;
    private const double FollowGoal = 10;
    private const double RefusalGoal = 1;
    private const int OverloadSeconds = 60;
    private const int SlowSeconds = 20;
    private const int CapacitySeconds = 6;

    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    public string About =>
        $"goodput at {Overload}x of what a handler with 16 connections of {Hold} ms can do, recovery, and a handler that becomes 5 times slower, against"
        + " as many callers as it can serve";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        if (!Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("server and callers are not pinned to cores of their own (one core, or no taskset)");
        }

        var (process, grpc, web) = await EdgeServer.StartAsync().ConfigureAwait(false);
        await using var _ = process.ConfigureAwait(false);
        using var http = new HttpClient { BaseAddress = web };
        using var callers = new Callers(grpc);
        await HoldAsync(http, Hold, cancellation).ConfigureAwait(false);
        await callers.TogetherAsync(ClosedCallers, TimeSpan.FromSeconds(5), cancellation).ConfigureAwait(false);
        var capacity = await CapacityAsync(report, callers, Hold, cancellation).ConfigureAwait(false);
        var rate = Overload * capacity;

        var seconds = await SecondsAsync(report, callers, rate, (int)(report.Seconds ?? OverloadSeconds), cancellation).ConfigureAwait(false);
        var refused = seconds.Aggregate(new Callers.Outcome(), static (all, one) =>
        {
            foreach (var time in one.Refused) all.Refused.Add(time);
            return all;
        });
        report.AddFigure("a refusal, ms at the caller, p99", Callers.Outcome.Quantile(refused.Refused, 0.99));
        report.AddFigure("limit after it", await LimitAsync(http, cancellation).ConfigureAwait(false));
        var (goodput, low, high) = Median.Of(seconds.Select(second => second.PerSecond / capacity));
        var recovered = await RecoveryAsync(report, callers, capacity, cancellation).ConfigureAwait(false);

        var following = SecondsAsync(report, callers, rate, SlowSeconds, cancellation);
        await HoldAsync(http, SlowHold, cancellation).ConfigureAwait(false);
        var slow = await following.ConfigureAwait(false);
        report.AddFigure("limit when it is 5 times slower", await LimitAsync(http, cancellation).ConfigureAwait(false));
        var slowCapacity = await CapacityAsync(report, callers, SlowHold, cancellation).ConfigureAwait(false);

        // The first second from which on every second was as it should be.
        var followed = 1 + slow.FindLastIndex(second => second.PerSecond < GoodputGoal * slowCapacity
            || Callers.Outcome.Quantile(second.Answered, 0.5) > 3 * SlowHold);
        report.AddFigure("ms of an answer when it is 5 times slower, p50", Callers.Outcome.Quantile(slow[^1].Answered, 0.5));
        var median = Callers.Outcome.Quantile(refused.Refused, 0.5);
        report.AddRatio(new Ratio($"goodput at {Overload}x of capacity", goodput, [low, high], GoodputGoal));
        report.AddRatio(new Ratio("mean of all seconds", seconds.Average(second => second.PerSecond / capacity),
            [seconds.Average(second => second.PerSecond / capacity), seconds.Average(second => second.PerSecond / capacity)], GoodputGoal));
        report.AddRatio(new Ratio("s until nothing is refused after it", recovered, [recovered, recovered], RecoveryGoal, AtMost: true));
        report.AddRatio(new Ratio("s until the limit has followed a 5 times slower handler", followed, [followed, followed], FollowGoal, AtMost: true));
        report.AddRatio(new Ratio("ms until a refusal, p50", median, [median, median], RefusalGoal, AtMost: true));
    }

    private static async Task<double> CapacityAsync(BenchmarkReport report, Callers callers, int hold, CancellationToken cancellation)
    {
        // The best of some seconds: what it can do when nobody else uses the machine.
        var best = 0.0;
        for (var second = 0; second < CapacitySeconds; second++)
        {
            best = Math.Max(best, (await callers.TogetherAsync(ClosedCallers, _second, cancellation).ConfigureAwait(false)).PerSecond);
        }

        report.AddFigure($"capacity with {hold} ms, calls/s", best);
        return best;
    }

    private static async Task<List<Callers.Outcome>> SecondsAsync(
        BenchmarkReport report, Callers callers, double rate, int seconds, CancellationToken cancellation)
    {
        List<Callers.Outcome> outcomes = [];
        List<Task<Callers.Outcome>> running = [];
        for (var second = 0; second < seconds; second++)
        {
            var one = callers.AtRateAsync(rate, _second, cancellation);
            running.Add(one);
            await Task.WhenAny(one, Task.Delay(_second, cancellation)).ConfigureAwait(false);
        }

        foreach (var one in running)
        {
            var outcome = await one.ConfigureAwait(false);
            outcomes.Add(outcome);
            report.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"  at {rate:0}/s: {outcome.PerSecond:0}/s answered (p50 {Callers.Outcome.Quantile(outcome.Answered, 0.5):0.0} ms), {outcome.Refused.Count} refused"
                + $" (p50 {Callers.Outcome.Quantile(outcome.Refused, 0.5):0.00} ms), {outcome.Failed} failed"));
        }

        return outcomes;
    }

    private static async Task<double> RecoveryAsync(BenchmarkReport report, Callers callers, double capacity, CancellationToken cancellation)
    {
        // Half of what it can do: from when on is everything answered, in every tenth of a second?
        var step = TimeSpan.FromSeconds(0.1);
        var last = 0;
        for (var tenth = 1; tenth <= 80; tenth++)
        {
            var outcome = await callers.AtRateAsync(capacity / 2, step, cancellation).ConfigureAwait(false);
            if (!outcome.Refused.IsEmpty || outcome.Failed > 0)
            {
                last = tenth;
            }
        }

        report.AddFigure("s until nothing is refused", last * step.TotalSeconds);
        return last * step.TotalSeconds;
    }

    private static async Task HoldAsync(HttpClient http, int milliseconds, CancellationToken cancellation)
    {
        using var answer = await http.PostAsync($"/hold/{milliseconds}", null, cancellation).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<double> LimitAsync(HttpClient http, CancellationToken cancellation)
    {
        var text = await http.GetStringAsync("/metrics", cancellation).ConfigureAwait(false);
        var line = text.Split('\n').First(static line => line.StartsWith("insta_shedding_limit ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
