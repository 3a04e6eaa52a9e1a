using System.Diagnostics;
using InstaGrpc.Load.Faults;
using InstaGrpc.Load.Internal;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;
using InstaGrpc.Load.Reports;
using InstaGrpc.Load.Scenarios;
using InstaGrpc.Load.Workers;

namespace InstaGrpc.Load.Command;

/// <summary>One load run: users, load, the end's comparison, figures.</summary>
internal sealed class LoadRun(LoadOptions options, MeshEndpoints endpoints, IRunDisplay display, KilledPart? fault = null)
{
    private static readonly TimeSpan _compareLimit = TimeSpan.FromSeconds(60);

    /// <summary>What workers need to read that they shall begin.</summary>
    private static readonly TimeSpan _notice = TimeSpan.FromSeconds(1);

    private readonly ScenarioCatalog.Entry _entry = ScenarioCatalog.Find(options.Scenario)!;
    private readonly RunTotals _totals = new();
    private readonly List<RunSecond> _timeline = [];
    private readonly Violations _violations = new();

    public async Task<RunReport> RunAsync(CancellationToken ct)
    {
        var machine = MachineDescription.Now();
        var faulty = Task.CompletedTask;
        // It makes the users; where others make the load, they find them.
        await using var local = new LocalWorker(
            options, endpoints, display.Say, begun => faulty = fault?.RunAsync(() => Stopwatch.GetElapsedTime(begun), display.Say, ct) ?? faulty);
        await local.PrepareAsync(ct).ConfigureAwait(false);
        IWorker[] workers = options.Processes == 1 ? [local] : [.. Enumerable.Range(0, options.Processes).Select(index => new ChildWorker(options, index))];
        try
        {
            if (workers.Length > 1) await Task.WhenAll(workers.Select(worker => worker.PrepareAsync(ct))).ConfigureAwait(false);
            using var watch = new MeshWatch(endpoints.Web);
            await watch.LookAsync().ConfigureAwait(false);
            var at = DateTimeOffset.UtcNow;
            DateTimeOffset? begin = workers.Length == 1 ? null : at + options.WarmUp + _notice;
            display.Begin();
            var sum = new SecondSum(workers.Length, async second => Show(second, await watch.LookAsync().ConfigureAwait(false)));
            var results = await Task.WhenAll(workers.Select(worker => worker.RunAsync(begin, sum.AddAsync, ct))).ConfigureAwait(false);
            await sum.EndAsync().ConfigureAwait(false);
            display.End();
            await faulty.ConfigureAwait(false);
            await using var mesh = new MeshClient(endpoints.Grpc);
            var compared = await new FinalCheck(mesh, local.People.All, results, _violations, _compareLimit)
                .RunAsync(CancellationToken.None).ConfigureAwait(false);
            return Report(at, machine, compared, results);
        }
        finally
        {
            foreach (var worker in workers.OfType<ChildWorker>()) await worker.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Show(WorkerSecond told, MeshFigures figures)
    {
        var interval = told.Interval;
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
        var second = new RunSecond(
            interval.Second, ok, errors, stats.P50, stats.P95, stats.P99, stats.Max, interval.InFlight, Known(figures.HitRate), told.LagMs, told.CountsLagMs,
            Known(figures.QueriesPerSecond), interval.LateMicroseconds / 1000.0, interval.Cores);
        _timeline.Add(second);
        display.Show(second, told.Violations);
    }

    private static double? Known(double figure) => double.IsNaN(figure) ? null : figure;

    private RunReport Report(DateTimeOffset at, IReadOnlyDictionary<string, string> machine, int compared, IReadOnlyList<WorkerResult> results)
    {
        var violations = results.Select(static one => one.Violations).Append(_violations.Counts).SelectMany(static counts => counts)
            .GroupBy(static pair => pair.Key).ToDictionary(static pairs => pairs.Key, static pairs => pairs.Sum(static pair => pair.Value));
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
            Timeline = _timeline, Violations = violations,
            ViolationDetails = [.. results.SelectMany(static one => one.Details), .. _violations.Kept],
            Thresholds = thresholds.ToDictionary(static one => one.Name, one => one.Check(stats)), ComparedAtEnd = compared,
            LagMeasured = results.All(static one => one.LagMeasured),
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
