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
/// <param name="options">What was asked for.</param>
/// <param name="endpoints">The mesh.</param>
/// <param name="display">Shows it.</param>
/// <param name="fault">What is done to the mesh; null: nothing.</param>
/// <param name="abandon">Ends what comes after the load, too.</param>
internal sealed class LoadRun(
    LoadOptions options, MeshEndpoints endpoints, IRunDisplay display, KilledPart? fault = null, CancellationToken abandon = default)
{
    private readonly ScenarioCatalog.Entry _entry = ScenarioCatalog.Find(options.Scenario)!;
    private readonly RunTotals _totals = new();
    private readonly List<RunSecond> _timeline = [];
    private readonly Violations _violations = new();

    /// <param name="ct">Ends the load early; what was written is compared all the same.</param>
    /// <exception cref="OperationCanceledException">It was ended before the load began, or abandoned.</exception>
    public async Task<RunReport> RunAsync(CancellationToken ct)
    {
        var machine = MachineDescription.Now();
        var faulty = Task.CompletedTask;
        // It makes the users; where others make the load, they find them.
        await using var local = new LocalWorker(
            options, endpoints, display.Say, begun => faulty = fault?.RunAsync(() => Stopwatch.GetElapsedTime(begun), display.Say, ct) ?? faulty, abandon);
        await local.PrepareAsync(ct).ConfigureAwait(false);
        IWorker[] workers = options.Processes == 1 ? [local] : [.. Enumerable.Range(0, options.Processes).Select(index => new ChildWorker(options, index))];
        try
        {
            if (workers.Length > 1) await Task.WhenAll(workers.Select(worker => worker.PrepareAsync(ct))).ConfigureAwait(false);
            using var watch = new MeshWatch(endpoints.Web);
            await watch.LookAsync().ConfigureAwait(false);
            var at = DateTimeOffset.UtcNow;
            display.Begin();
            var results = await LoadAsync(workers, watch, ct).ConfigureAwait(false);
            display.End();
            await faulty.ConfigureAwait(false);
            await using var mesh = new MeshClient(endpoints.Grpc);
            var compared = await new FinalCheck(mesh, local.People.All, results, _violations, options.Settle).RunAsync(abandon).ConfigureAwait(false);
            var seconds = results.Max(static one => one.Seconds);
            var asked = options.Duration.TotalSeconds;
            var early = ct.IsCancellationRequested && seconds < asked;
            return Report(at, machine, compared, results, early || fault is not null ? seconds : asked, early);
        }
        finally
        {
            foreach (var worker in workers.OfType<ChildWorker>()) await worker.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<WorkerResult[]> LoadAsync(IWorker[] workers, MeshWatch watch, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sum = new SecondSum(workers.Length, async second =>
        {
            Show(second, await watch.LookAsync().ConfigureAwait(false));
            if (fault?.IsOver(_timeline) == true) await end.CancelAsync().ConfigureAwait(false);
        });
        var line = workers.Length == 1 ? null : new StartLine(workers.Length);
        var results = await Task.WhenAll(workers.Select(worker => OneAsync(worker, line, sum, end.Token))).ConfigureAwait(false);
        await sum.EndAsync().ConfigureAwait(false);
        return results;
    }

    private static async Task<WorkerResult> OneAsync(IWorker worker, StartLine? line, SecondSum sum, CancellationToken ct)
    {
        try
        {
            return await worker.RunAsync(line is null ? null : line.WarmAsync, sum.AddAsync, ct).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The others do not wait for one who will not come.
            line?.Fail(e);
            throw;
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

    private RunReport Report(
        DateTimeOffset at, IReadOnlyDictionary<string, string> machine, int compared, IReadOnlyList<WorkerResult> results, double seconds, bool early)
    {
        var violations = results.Select(static one => one.Violations).Append(_violations.Counts).SelectMany(static counts => counts)
            .GroupBy(static pair => pair.Key).ToDictionary(static pairs => pairs.Key, static pairs => pairs.Sum(static pair => pair.Value));
        var steps = _totals.Steps.OrderBy(static step => step.Key.Step, StringComparer.Ordinal)
            .Select(step => new RunStep(
                step.Key.Step.Length == 0 ? "all" : step.Key.Step, step.Value.Ok, step.Value.Fails.Values.Sum(), step.Value.Ok / seconds,
                LatencyStats.Of(step.Value.Latency), step.Value.Fails,
                [.. step.Value.Latency.Buckets().Select(static bucket => (double[])[bucket.UpTo / 1000.0, bucket.Count])]))
            .ToList();
        var outage = fault?.Outcome(_timeline, seconds);
        return new RunReport
        {
            Scenario = options.Scenario, Command = $"./insta load {string.Join(' ', LoadArguments.WithoutSecrets(options.Arguments))}", At = at,
            AskedRate = options.Rate ?? _entry.Rate, Seconds = seconds, EndedEarly = early, Users = options.Users, Processes = options.Processes, Steps = steps,
            Timeline = _timeline, Violations = violations,
            ViolationDetails = [.. results.SelectMany(static one => one.Details), .. _violations.Kept],
            Thresholds = _totals.StatsOf(_entry.Name, TimeSpan.FromSeconds(seconds), RunThresholds.Of(options, outage)).Thresholds, ComparedAtEnd = compared,
            LagMeasured = results.All(static one => one.LagMeasured),
            Machine = machine, Outage = outage,
        };
    }
}
