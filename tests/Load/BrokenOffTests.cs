using InstaGrpc.Load.Reports;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

/// <summary>Runs that do not come to their end.</summary>
[Collection(OneMesh.Name)]
public sealed class BrokenOffTests(LoadedMesh mesh)
{
    [Fact]
    public async Task ARunThatIsBrokenOffSaysSoAndCountsOnlyTheTimeThatItLasted()
    {
        using var stop = new CancellationTokenSource();
        var (code, output, folder) = await mesh.LoadAsync(
            "broken-off", 3, stop.CancelAsync, stop.Token, ["mixed", "--rate", "30", "--duration", "600", .. LoadedMesh.Patient]);
        Assert.Equal(1, code);
        var run = RunReport.Read(folder);
        Assert.True(run.EndedEarly);
        Assert.False(run.Passed);
        Assert.InRange(run.Seconds, 3, 100);
        // Nearly all that was begun was answered; what was under way is no failure.
        Assert.InRange(run.Whole.Rate, 10, 31);
        Assert.DoesNotContain("Cancelled", run.Whole.Codes.Keys);
        Assert.Empty(run.Violations);
        Assert.True(run.ComparedAtEnd > 0);
        Assert.Contains("broken off after", output, StringComparison.Ordinal);
        Assert.Contains("broken off after", await File.ReadAllTextAsync(Path.Combine(folder, ReportFolder.Markdown)), StringComparison.Ordinal);
        Assert.Contains("broken off after", await File.ReadAllTextAsync(Path.Combine(folder, ReportFolder.Html)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoCoordinatesEndsTheOtherProcessesToo()
    {
        await using var load = InstaProcess.StartProgram(
            Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Load"), null,
            mesh.Arguments("broken-off-processes", ["mixed", "--rate", "20", "--duration", "600", "--processes", "2", .. LoadedMesh.Patient]));
        await load.LineAsync("2 s  ");
        await load.SignalAsync("TERM");
        Assert.Equal(1, await load.ExitAsync());
        var run = RunReport.Read(mesh.Folder("broken-off-processes"));
        Assert.True(run.EndedEarly);
        Assert.InRange(run.Seconds, 2, 100);
        Assert.Empty(run.Violations);
        Assert.True(run.ComparedAtEnd > 0);
    }

    [Fact]
    public async Task AMeshThatDiesInTheRunIsAViolationAndNotTheEndOfAllAnswers()
    {
        var proxy = new FaultProxy(new Uri(mesh.Endpoints().Grpc).Authority);
        var (code, output, folder) = await mesh.LoadAsync(
            "died", 2, () => proxy.DisposeAsync().AsTask(), CancellationToken.None,
            ["mixed", "--rate", "30", "--duration", "4", "--grpc", proxy.Address, "--settle", "1", .. LoadedMesh.Patient]);
        Assert.Equal(1, code);
        Assert.Contains("not compared", RunReport.Read(folder).Violations.Keys);
        Assert.Contains("does not answer", output, StringComparison.Ordinal);
    }
}
