using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;
using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Load.Tests;

/// <summary>A part of the mesh is killed under load and comes back: nothing that was acknowledged is lost, nobody is shown what is old, and all becomes well
/// again by itself, within the minute by which such a run is prolonged. How soon is printed; on a machine that runs other tests the goal is not judged.</summary>
public sealed class KillTests(ITestOutputHelper log)
{
    [Fact]
    public Task AMeshOutlivesItsProjector() => OutlivesAsync("projector");

    [FullTierTheory]
    [InlineData("memcached")]
    [InlineData("postgres")]
    [InlineData("invalidator")]
    public Task AMeshOutlivesAnyOtherPartOfIt(string part) => OutlivesAsync(part);

    [FullTierFact("kafka")]
    public Task AMeshOutlivesItsBroker() => OutlivesAsync("broker");

    [Fact]
    public void AMeshThatDoesNotRecoverIsNotTakenForOneThatDid()
    {
        var well = new RunSecond(0, 20, 0, 1, 1, 1, 1, 0, null, 10, 10, null, 0, 0);
        RunSecond[] never = [.. Enumerable.Range(0, 80).Select(second => well with { Second = second, Errors = second < 5 ? 0 : 1 })];
        RunSecond[] silent = [.. never.Select(static second => second with { Errors = 0, Ok = second.Second < 5 ? 20 : 0, InFlight = 100 })];
        RunSecond[] recovers = [.. never.Select(static second => second with { Errors = second.Second is > 4 and < 15 ? 1 : 0 })];
        Assert.Null(Faults.Recovery.After(never, 10, 80));
        Assert.Null(Faults.Recovery.After(silent, 10, 80));
        Assert.Equal(5, Faults.Recovery.After(recovers, 10, 80));
        // Never back.
        Assert.Null(Faults.Recovery.After(recovers, 0, 80));
        Assert.False(Faults.Recovery.IsOver(never, 10, 20));
        Assert.False(Faults.Recovery.IsOver(recovers[..17], 10, 12));
        Assert.False(Faults.Recovery.IsOver(recovers[..18], 10, 20));
        Assert.True(Faults.Recovery.IsOver(recovers[..18], 10, 12));
    }

    private async Task OutlivesAsync(string part)
    {
        using var folder = TestFolder.Create();
        await using var output = new StringWriter();
        string[] arguments = ["mixed", "--kill", part, "--users", "30", "--rate", "20", "--duration", "12", "--warmup", "1", "--report", folder.Path];
        var code = await LoadCommand.RunAsync(arguments, output, output, CancellationToken.None);
        log.WriteLine(output.ToString());
        // Not 2: it was run. Whether in ten seconds is a threshold.
        Assert.InRange(code, 0, 1);
        var run = RunReport.Read(folder.Path);
        Assert.Empty(run.Violations);
        Assert.Equal(part, run.Outage?.Part);
        Assert.NotNull(run.Outage!.RecoveredAfter);
        Assert.Equal(code, run.Outage.RecoveredAfter <= 10 ? 0 : 1);
        Assert.False(run.EndedEarly);
        Assert.True(run.ComparedAtEnd > 0);
    }
}
