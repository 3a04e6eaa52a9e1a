using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;
using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Load.Tests;

/// <summary>A part of the mesh is killed under load and comes back: nothing that was acknowledged is lost, nobody is shown what is old, and soon all is well
/// again. How soon is printed; on a machine that runs other tests it is not judged.</summary>
public sealed class KillTests(ITestOutputHelper log)
{
    public static TheoryData<string> Parts => TestTier.All ? ["memcached", "postgres", "invalidator", "projector"] : ["projector"];

    [Theory]
    [MemberData(nameof(Parts))]
    public Task AMeshOutlivesAPartOfIt(string part) => OutlivesAsync(part);

    [ToolFact("kafka")]
    public Task AMeshOutlivesItsBroker() => TestTier.All ? OutlivesAsync("broker") : Task.CompletedTask;

    private async Task OutlivesAsync(string part)
    {
        using var folder = TestFolder.Create();
        await using var output = new StringWriter();
        string[] arguments = ["mixed", "--kill", part, "--users", "30", "--rate", "20", "--duration", "12", "--warmup", "1", "--report", folder.Path];
        await LoadCommand.RunAsync(arguments, output, output, CancellationToken.None);
        log.WriteLine(output.ToString());
        var run = RunReport.Read(folder.Path);
        Assert.Empty(run.Violations);
        Assert.Equal(part, run.Outage?.Part);
        Assert.True(run.ComparedAtEnd > 0);
    }
}
