using System.Globalization;
using InstaGrpc.Load.Faults;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Reports;
using InstaGrpc.Load.Workers;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Command;

/// <summary><c>./insta load</c>.</summary>
internal static class LoadCommand
{
    private const int Failed = 1;
    private const int Misused = 2;

    /// <param name="args">What to run.</param>
    /// <param name="output">For what it found.</param>
    /// <param name="errors">For what was wrong.</param>
    /// <param name="ct">Ends the load early.</param>
    /// <param name="abandon">Ends what comes after it, too.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken ct, CancellationToken abandon = default)
    {
        if (args is [] or ["--help" or "-h" or "-?", ..] || args.Contains("--help", StringComparer.Ordinal))
        {
            output.WriteLine(LoadArguments.Help);
            return args is [] ? Misused : 0;
        }

        try
        {
            if (args is ["compare", .. var reports]) return CompareCommand.Run(reports, output);
            if (args is [UnaryCommand.Name, .. var unary]) return await UnaryCommand.RunAsync(unary, output, ct).ConfigureAwait(false);
            var options = LoadArguments.Parse(args);
            if (options.Worker is not null) return await WorkerLines.RunAsync(options, Endpoints(options), Console.In, output, ct).ConfigureAwait(false);
            return await RunAsync(options, output, ct, abandon).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or Grpc.Core.RpcException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"insta load: {(e is Grpc.Core.RpcException rpc ? rpc.Status.ToString() : e.Message)}");
            return Misused;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested || abandon.IsCancellationRequested)
        {
            errors.WriteLine("insta load: broken off, so there is no report");
            return Misused;
        }
    }

    private static async Task<int> RunAsync(LoadOptions options, TextWriter output, CancellationToken ct, CancellationToken abandon)
    {
        IRunDisplay display = output == Console.Out && !Console.IsOutputRedirected
            ? new TableDisplay(output, options.Scenario, options.Duration)
            : new PlainDisplay(output);
        var folder = Path.GetFullPath(options.Report ?? Path.Combine(Checkout.StateFolder, "load", options.Scenario));
        ReportFolder.Prepare(folder);
        var report = options.Kill is null
            ? await new LoadRun(options, Endpoints(options), display, abandon: abandon).RunAsync(ct).ConfigureAwait(false)
            : await KillingAsync(options, options.Kill, display, ct, abandon).ConfigureAwait(false);
        // Told before it is written, so that a full disk takes nothing away.
        Tell(output, report);
        await ReportFolder.WriteAsync(folder, report).ConfigureAwait(false);
        if (options.Save && !report.EndedEarly) SavedFigures.Write(Path.Combine(Checkout.Root, "benchmarks", "results"), report);
        output.WriteLine($"{report.Scenario}: {(report.Passed ? "no violation, no missed threshold" : "FAILED")}; {Path.Combine(folder, ReportFolder.Html)}");
        return report.Passed ? 0 : Failed;
    }

    private static async Task<RunReport> KillingAsync(
        LoadOptions options, string part, IRunDisplay display, CancellationToken ct, CancellationToken abandon)
    {
        if (options.Processes > 1) throw new FormatException("--kill and --processes do not go together");
        if (!OwnMesh.Parts.Contains(part)) throw new FormatException($"--kill {part}: one of {string.Join(", ", OwnMesh.Parts)}");
        await using var mesh = await OwnMesh.StartAsync(part == "broker", ct).ConfigureAwait(false);
        return await new LoadRun(options, mesh.Endpoints, display, new KilledPart(mesh, part, options.Duration), abandon).RunAsync(ct).ConfigureAwait(false);
    }

    private static MeshEndpoints Endpoints(LoadOptions options)
    {
        if (options.Grpc is { } grpc) return MeshEndpoints.Of(grpc, options.Web, options.Postgres, options.Memcached, options.Prefix);
        var state = Environment.GetEnvironmentVariable("INSTA_STATE") is { Length: > 0 } given ? given : Checkout.StateFolder;
        return MeshEndpoints.Read(options.Data ?? Path.Combine(state, "data"));
    }

    private static void Tell(TextWriter output, RunReport report)
    {
        output.WriteLine();
        foreach (var step in report.Steps)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{step.Name,-10} {step.Rate,8:0.0}/s  ok {step.Ok}  errors {step.Errors}  p50 {step.Latency.P50:0.0}  p95 {step.Latency.P95:0.0}  "
                + $"p99 {step.Latency.P99:0.0}  max {step.Latency.Max:0.0} ms"));
            foreach (var (code, count) in step.Codes) output.WriteLine($"           {code}: {count}");
        }

        foreach (var (threshold, met) in report.Thresholds)
        {
            if (!met) output.WriteLine($"MISSED: {threshold}");
        }

        foreach (var (kind, count) in report.Violations) output.WriteLine($"VIOLATION: {kind}, {count} times");
        foreach (var detail in report.ViolationDetails.Take(10)) output.WriteLine($"  {detail}");
        if (report.Outage is { } outage)
        {
            var after = outage.RecoveredAfter is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.0} s after that") : "not by the end";
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{outage.Part} was killed at {outage.KilledAt:0.0} s and back at {outage.ReturnedAt:0.0} s; the mesh had recovered {after}"));
        }

        if (report.EndedEarly) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"broken off after {report.Seconds:0.0} s"));
        if (!report.LagMeasured) output.WriteLine(RunReport.Unmeasured);
        output.WriteLine($"{report.ComparedAtEnd} lists and counts were compared at the end");
    }
}
