using System.Text.Json;
using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;
using InstaGrpc.TestFixtures;
using InstaGrpc.Web.Tests;
using Xunit.Abstractions;

namespace InstaGrpc.Load.Tests;

/// <summary>Whole runs against a real mesh. The machine runs other tests as well, so thresholds that are not the point of a test are generous.</summary>
[Collection(OneMesh.Name)]
public sealed class LoadRunTests(LoadedMesh mesh, ITestOutputHelper log)
{
    private static readonly string _folder = Path.Combine(Checkout.Root, "tests", "Load");
    private static readonly NodeTests _browser = new(_folder, _folder);

    public static TheoryData<string> BrowserFiles => _browser.Files;

    [Fact]
    public async Task AMixedRunFindsNothingWrongAndWritesItsReport()
    {
        var (code, output, folder) = await mesh.MixedAsync();
        log.WriteLine(output);
        Assert.True(code == 0, output);
        var run = RunReport.Read(folder);
        Assert.Empty(run.Violations);
        Assert.Equal(180, run.Whole.Ok + run.Whole.Errors);
        Assert.True(run.LagMeasured);
        Assert.True(run.ComparedAtEnd > 0);
        Assert.Equal(["all", "home", "post", "profile"], run.Steps.Select(static step => step.Name));
        Assert.Contains(run.Timeline, static second => second.HitRate > 0);
        Assert.Contains(run.Timeline, static second => second.LagMs > 0);
        Assert.Contains(run.Timeline, static second => second.QueriesPerSecond > 0);
        Assert.Contains("violations 0", output, StringComparison.Ordinal);
        Assert.StartsWith("# mixed: passed", await File.ReadAllTextAsync(Path.Combine(folder, ReportFolder.Markdown)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("likestorm", "120", "count like liked")]
    [InlineData("herd", "60", "comment comments")]
    [InlineData("celebrity", "60", "home profile")]
    [InlineData("instagram2011", "40", "like liked photo profile")]
    [InlineData("uploads", "4", "post profile thumb upload")]
    public async Task TheOtherScenariosFindNothingWrongEither(string scenario, string rate, string steps)
    {
        var (code, output, folder) = await mesh.LoadAsync(scenario, [scenario, "--rate", rate, "--duration", "2", .. LoadedMesh.Patient]);
        Assert.True(code == 0, output);
        var run = RunReport.Read(folder);
        Assert.All(steps.Split(' '), step => Assert.Contains(run.Steps, one => one.Name == step && one.Ok > 0));
    }

    [Theory]
    [InlineData("ramp", 60, 60)]
    [InlineData("random", 40, 120)]
    [InlineData("closed", 1, 100_000)]
    public async Task TheLoadHasTheShapeThatWasAskedFor(string shape, int least, int most)
    {
        var (code, output, folder) = await mesh.LoadAsync(
            shape, ["mixed", "--rate", "40", "--duration", "2", "--shape", shape, .. LoadedMesh.Patient]);
        Assert.True(code == 0, output);
        var run = RunReport.Read(folder);
        Assert.InRange(run.Whole.Ok + run.Whole.Errors, least, most);
    }

    [Fact]
    public async Task SeveralProcessesMakeOneRunAndTheirWritesAreComparedTogether()
    {
        var (code, output, folder) = await mesh.LoadAsync(
            "processes", ["mixed", "--rate", "40", "--duration", "3", "--processes", "2", .. LoadedMesh.Patient]);
        Assert.True(code == 0, output);
        var run = RunReport.Read(folder);
        Assert.Equal(120, run.Whole.Ok + run.Whole.Errors);
        Assert.Equal(2, run.Processes);
        Assert.True(run.ComparedAtEnd > 0);
    }

    [Fact]
    public async Task AnAnswerFromACacheThatNobodyInvalidatesIsReported()
    {
        var (code, output, folder) = await mesh.LoadAsync("stale", ["mixed", "--rate", "60", "--duration", "5", "--plant", "stale", .. LoadedMesh.Patient]);
        Assert.Equal(1, code);
        var run = RunReport.Read(folder);
        Assert.Contains("own write missing", run.Violations.Keys);
        Assert.Contains("VIOLATION: own write missing", output, StringComparison.Ordinal);
        // What the mesh itself answers at the end is right.
        Assert.DoesNotContain("lost", run.Violations.Keys);
    }

    [Fact]
    public async Task AMeshThatStallsMissesTheThreshold()
    {
        var (code, output, folder) = await mesh.LoadAsync(
            "stall", "mixed", "--rate", "40", "--duration", "6", "--plant", "stall", "--p99", "500", "--max-errors", "10");
        Assert.Equal(1, code);
        Assert.Contains("MISSED: 99 % of the iterations take at most 500 ms", output, StringComparison.Ordinal);
        // A third of the time it stands still for up to a second, so of all that was due about a sixth waited for more than half a second.
        var run = RunReport.Read(folder);
        Assert.InRange(run.Whole.Histogram.Where(static bucket => bucket[0] > 500).Sum(static bucket => bucket[1]), 20, 240);
        Assert.Empty(run.Violations);
    }

    [Theory]
    [InlineData(new[] { "nothing" }, "unknown scenario nothing: one of mixed")]
    [InlineData(new[] { "mixed", "--rate", "many" }, "--rate many: give a number")]
    [InlineData(new[] { "mixed", "--fast" }, "unknown option --fast")]
    [InlineData(new[] { "mixed", "--users", "1e12" }, "--users 1e12: give a whole number from 2 to 1000000")]
    [InlineData(new[] { "mixed", "--users", "1000000000000" }, "give a whole number from 2 to")]
    [InlineData(new[] { "mixed", "--processes", "1000000000" }, "--processes 1000000000: give a whole number from 1 to 256")]
    [InlineData(new[] { "mixed", "--duration", "1e300" }, "--duration 1e300: give a number of at least 1 and at most 604800")]
    [InlineData(new[] { "mixed", "--report", "/dev/null/here" }, "--report /dev/null/here cannot be written")]
    [InlineData(new[] { "mixed", "--grpc", "127.0.0.1:1", "--memcached", "127.0.0.1:2" }, "--postgres and --memcached go together")]
    [InlineData(new[] { "mixed", "--data", "/nowhere" }, "start a mesh with ./insta up, or name one with --grpc")]
    public async Task WhatCannotBeRunSaysWhatToChange(string[] arguments, string message)
    {
        await using var errors = new StringWriter();
        Assert.Equal(2, await LoadCommand.RunAsync(arguments, TextWriter.Null, errors, CancellationToken.None));
        Assert.Contains(message, errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HelpNamesEveryScenario()
    {
        await using var output = new StringWriter();
        Assert.Equal(0, await LoadCommand.RunAsync(["--help"], output, output, CancellationToken.None));
        Assert.All(Scenarios.ScenarioCatalog.All, entry => Assert.Contains(entry.Name, output.ToString(), StringComparison.Ordinal));
    }

    [BrowserTheory]
    [MemberData(nameof(BrowserFiles))]
    public async Task InABrowserWithoutANetworkTheReportShowsItsCharts(string file)
    {
        var (_, output, folder) = await mesh.MixedAsync();
        Assert.True(File.Exists(Path.Combine(folder, ReportFolder.Html)), output);
        log.WriteLine(await _browser.RunAsync(
            file,
            new()
            {
                ["INSTA_REPORT"] = Path.Combine(folder, ReportFolder.Html),
                ["INSTA_CHROMIUM"] = BrowserTheoryAttribute.Chromium,
                ["INSTA_SCREENSHOTS"] = Path.Combine(Checkout.StateFolder, "test-results", "screenshots"),
            },
            TimeSpan.FromMinutes(5)));
    }
}
