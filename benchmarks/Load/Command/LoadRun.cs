using System.Diagnostics;
using InstaGrpc.Load.Faults;
using InstaGrpc.Load.Internal;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;
using InstaGrpc.Load.Reports;
using InstaGrpc.Load.Scenarios;

namespace InstaGrpc.Load.Command;

/// <summary>One load run: users, load, the end's comparison, figures.</summary>
internal sealed class LoadRun(LoadOptions options, MeshEndpoints endpoints, IRunDisplay display, KilledPart? fault = null)
{
    private static readonly TimeSpan _settleLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _compareLimit = TimeSpan.FromSeconds(60);

    private readonly ScenarioCatalog.Entry _entry = ScenarioCatalog.Find(options.Scenario)!;
    private readonly RunTotals _totals = new();
    private readonly List<RunSecond> _timeline = [];
    private readonly Violations _violations = new();
    private readonly Settlement _settlement = new();

    public async Task<RunReport> RunAsync(CancellationToken ct)
    {
        var machine = MachineDescription.Now();
        await using var mesh = new MeshClient(endpoints.Grpc);
        var people = await People.SeedAsync(mesh, options.Users, _entry.Celebrity, display.Say, ct).ConfigureAwait(false);
        await people.CountPostsAsync(mesh, ct).ConfigureAwait(false);
        await using var loaded = new MeshClient(endpoints.Grpc, options.Plant switch
        {
            "stale" => new PlantedStale(),
            "stall" => new PlantedStall(),
            null => null,
            _ => throw new FormatException("--plant is stale or stall"),
        });
        await using var stream = new StreamClock(endpoints);
        using var watch = new MeshWatch(endpoints.Web);
        await watch.LookAsync().ConfigureAwait(false);
        var judge = new Judge(stream, _violations);
        using var web = endpoints.Web.Length == 0 ? null : new HttpClient { BaseAddress = new Uri(endpoints.Web), Timeout = TimeSpan.FromSeconds(12) };
        var world = new World(loaded, people.All, judge, _settlement, web);
        var scenario = _entry.Create(world).WithLoadSimulations(Simulations()).WithWarmUpDuration(options.WarmUp);
        var at = DateTimeOffset.UtcNow;
        display.Begin();
        var faulty = Task.CompletedTask;
        await LoadRunner.RegisterScenarios(scenario).WithOptions(new RunOptions { Seed = options.Seed })
            .WithIntervals(async interval => Show(Second(interval, await watch.LookAsync().ConfigureAwait(false), stream)))
            .WithBegin(begun => faulty = fault?.RunAsync(() => Stopwatch.GetElapsedTime(begun), display.Say, ct) ?? faulty)
            .RunAsync(ct).ConfigureAwait(false);
        display.End();
        await faulty.ConfigureAwait(false);
        var lost = await _settlement.RunAsync(_settleLimit).ConfigureAwait(false);
        if (lost > 0) _violations.Add("not settled", $"{lost} writes could not be repeated within {_settleLimit.TotalSeconds} s");
        var compared = await new FinalCheck(mesh, people.All, judge, _compareLimit).RunAsync(CancellationToken.None).ConfigureAwait(false);
        return Report(at, machine, compared, stream.Measures);
    }

    private LoadSimulation[] Simulations()
    {
        var (rate, second, during) = (options.Rate ?? _entry.Rate, TimeSpan.FromSeconds(1), options.Duration);
        return options.Shape switch
        {
            LoadShape.Ramp => [Simulation.RampingInject(rate, second, during / 2), Simulation.Inject(rate, second, during / 2)],
            LoadShape.Random => [Simulation.InjectRandom(rate / 2, rate * 1.5, second, during)],
            LoadShape.Closed => [Simulation.KeepConstant((int)Math.Max(1, rate / 10), during)],
            _ when _entry.Bursts => [Simulation.Burst(rate, second, during)],
            _ => [Simulation.Inject(rate, second, during)],
        };
    }

    private RunSecond Second(Interval interval, MeshFigures figures, StreamClock stream)
    {
        _totals.Add(interval);
        var latency = new LatencyHistogram();
        long ok = 0, errors = 0;
        foreach (var step in interval.Steps.Where(static step => step.Step.Length == 0))
        {
            latency.AddPacked(step.Latency);
            ok += step.Ok;
            errors += step.Fails.Values.Sum();
        }

        var stats = LatencyStats.Of(latency);
        var (applied, folded) = stream.TakeLag();
        return new RunSecond(
            interval.Second, ok, errors, stats.P50, stats.P95, stats.P99, stats.Max, interval.InFlight, Known(figures.HitRate),
            stream.Measures ? applied.TotalMilliseconds : null,
            stream.Measures ? folded.TotalMilliseconds : null, Known(figures.QueriesPerSecond), interval.LateMicroseconds / 1000.0, interval.Cores);
    }

    private static double? Known(double figure) => double.IsNaN(figure) ? null : figure;

    private void Show(RunSecond second)
    {
        _timeline.Add(second);
        display.Show(second, _violations.Total);
    }

    private RunReport Report(DateTimeOffset at, IReadOnlyDictionary<string, string> machine, int compared, bool measured)
    {
        var duration = options.Duration;
        var steps = _totals.Steps.OrderBy(static step => step.Key.Step, StringComparer.Ordinal)
            .Select(step => new RunStep(
                step.Key.Step.Length == 0 ? "all" : step.Key.Step, step.Value.Ok, step.Value.Fails.Values.Sum(), step.Value.Ok / duration.TotalSeconds,
                LatencyStats.Of(step.Value.Latency), step.Value.Fails,
                [.. step.Value.Latency.Buckets().Select(static bucket => (double[])[bucket.UpTo / 1000.0, bucket.Count])]))
            .ToList();
        var stats = _totals.StatsOf(_entry.Name, duration);
        var outage = fault?.Outcome(_timeline);
        var thresholds = outage is null ? Thresholds() :
        [
            Threshold.Create($"the mesh has recovered {KilledPart.RecoveryGoal.TotalSeconds} s after {outage.Part} is back",
                _ => outage.RecoveredAfter <= KilledPart.RecoveryGoal.TotalSeconds),
        ];
        return new RunReport
        {
            Scenario = options.Scenario, Command = $"./insta load {string.Join(' ', options.Arguments)}", At = at,
            AskedRate = options.Rate ?? _entry.Rate, Seconds = duration.TotalSeconds, Users = options.Users, Processes = options.Processes, Steps = steps,
            Timeline = _timeline, Violations = new Dictionary<string, int>(_violations.Counts), ViolationDetails = [.. _violations.Kept],
            Thresholds = thresholds.ToDictionary(static one => one.Name, one => one.Check(stats)), ComparedAtEnd = compared, LagMeasured = measured,
            Machine = machine, Outage = outage,
        };
    }

    private Threshold[] Thresholds() =>
    [
        Threshold.Create($"at most {options.MaxErrors} % of the iterations fail", one => one.FailPercent <= options.MaxErrors),
        Threshold.Create($"99 % of the iterations take at most {options.P99} ms", one => one.Latency.P99 <= options.P99),
        Threshold.Create("something was done", static one => one.Ok > 0),
    ];
}
