using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

public sealed class ComparisonTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TwoRunsOfTheSameKindDifferInNothingSurely()
    {
        Assert.All(Comparison.Of(Run(1, 20), Run(2, 20)), static change =>
        {
            // One interval of twenty misses by nature.
            Assert.InRange(change.SurelyWorsePercent + change.SurelyBetterPercent, 0, 3);
            Assert.InRange(change.Ratio, change.Low, change.High);
        });
    }

    [Fact]
    public void ARunThatIsHalfAsFastIsSurelyWorse()
    {
        var changes = Comparison.Of(Run(1, 20), Run(2, 40)).ToDictionary(static change => change.Figure);
        Assert.InRange(changes["p99, ms"].SurelyWorsePercent, 60, 110);
        Assert.InRange(changes["p99, ms"].Ratio, 1.8, 2.2);
        Assert.Equal(0, changes["answered, /s"].SurelyWorsePercent);
        Assert.True(Comparison.Of(Run(1, 40), Run(2, 20)).Single(static change => change.Figure == "p99, ms").SurelyBetterPercent > 30);
    }

    [Fact]
    public void OneBadSecondMovesNothing()
    {
        var run = Run(2, 20);
        var shaken = run with { Timeline = [.. run.Timeline.Select(static second => second.Second == 7 ? second with { P99 = 9000 } : second)] };
        Assert.Equal(0, Comparison.Of(Run(1, 20), shaken).Single(static change => change.Figure == "p99, ms").SurelyWorsePercent);
    }

    [Fact]
    public void TheGateClosesForWhatIsSurelyWorseByMoreThanIsAllowed()
    {
        var (good, slow, wrong) = (Write("good", Run(1, 20)), Write("slow", Run(2, 40)), Write("wrong", Run(3, 20) with
        {
            Violations = new Dictionary<string, int> { ["stale"] = 1 },
        }));
        Assert.Equal(0, Compare(good, good, "--max-regression", "10").Code);
        Assert.Equal(0, Compare(good, slow).Code);
        var (code, output) = Compare(good, slow, "--max-regression", "10");
        Assert.Equal(1, code);
        Assert.Contains("WORSE than allowed", output, StringComparison.Ordinal);
        Assert.Equal(0, Compare(good, slow, "--max-regression=200").Code);
        Assert.Equal(0, Compare(slow, good, "--max-regression", "0").Code);
        Assert.Equal(1, Compare(good, wrong, "--max-regression", "10").Code);
    }

    [Fact]
    public void WhatIsNoReportIsSaidSo() =>
        Assert.Contains("is no report", Assert.Throws<FormatException>(() => Compare("/nowhere", "/nowhere")).Message, StringComparison.Ordinal);

    private static RunReport Run(int seed, double p99)
    {
        var random = new Random(seed);
        double Noisy(double figure) => figure * (0.8 + (0.4 * random.NextDouble()));
        var stats = new LatencyStats(p99 / 4, p99 / 4, p99 / 3, p99 / 2, p99, p99, p99);
        return new RunReport
        {
            Scenario = "mixed", Command = "./insta load mixed", At = DateTimeOffset.UnixEpoch, AskedRate = 100, Seconds = 60, Users = 10, Processes = 1,
            Steps = [new RunStep("all", 6000, 0, 100, stats, new Dictionary<string, long>(), [[p99, 6000]])],
            Timeline =
            [
                .. Enumerable.Range(0, 60).Select(second => new RunSecond(
                    second, 100, 0, Noisy(p99 / 4), Noisy(p99 / 2), Noisy(p99), Noisy(p99 * 2), 1, 0.9, 5, 5, 100, 0.1, 0.1)),
            ],
            Violations = new Dictionary<string, int>(), ViolationDetails = [], Thresholds = new Dictionary<string, bool> { ["met"] = true },
            ComparedAtEnd = 1, LagMeasured = true, Machine = new Dictionary<string, string> { ["cores"] = "2" },
        };
    }

    private static (int Code, string Output) Compare(params string[] arguments)
    {
        using var output = new StringWriter();
        return (CompareCommand.Run(arguments, output), output.ToString());
    }

    private string Write(string name, RunReport run)
    {
        var folder = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, RunReport.FileName), run.ToJson());
        return folder;
    }
}
