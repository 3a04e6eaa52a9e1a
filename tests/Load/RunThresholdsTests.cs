using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Tests;

public sealed class RunThresholdsTests
{
    private static readonly Outage _outage = new("postgres", 10, 20, 12);

    [Fact]
    public void WithoutAskingErrorsAndLatencyAreJudged() => Assert.Equal(
        ["at most 1 % of the iterations fail", "99 % of the iterations take at most 3000 ms", "something was done"], Names(null, "mixed"));

    [Fact]
    public void WhenAPartIsKilledTheRecoveryIsJudgedAndWhatWasAskedForBesides()
    {
        const string recovery = "the mesh has recovered 10 s after postgres is back";
        Assert.Equal([recovery, "something was done"], Names(_outage, "mixed", "--kill", "postgres"));
        Assert.Equal(
            [recovery, "at most 30 % of the iterations fail", "99 % of the iterations take at most 5000 ms", "something was done"],
            Names(_outage, "mixed", "--kill", "postgres", "--max-errors", "30", "--p99", "5000"));
        var stats = new ScenarioStats("mixed", 1, 0, new LatencyStats(0, 0, 0, 0, 0, 0, 0), TimeSpan.FromSeconds(1));
        Assert.False(RunThresholds.Of(Options("mixed", "--kill", "postgres"), _outage).First().Check(stats));
        Assert.True(RunThresholds.Of(Options("mixed", "--kill", "postgres"), _outage with { RecoveredAfter = 9 }).First().Check(stats));
    }

    private static IEnumerable<string> Names(Outage? outage, params string[] arguments) =>
        RunThresholds.Of(Options(arguments), outage).Select(static one => one.Name);

    private static LoadOptions Options(params string[] arguments) => LoadArguments.Parse(arguments);
}
