using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Tests;

/// <summary>A mesh that is not this machine's <c>insta up</c>, but named by its addresses.</summary>
[Collection(OneMesh.Name)]
public sealed class NamedMeshTests(LoadedMesh mesh)
{
    [Fact]
    public async Task WithItsDatabasesTheStreamIsMeasured()
    {
        var endpoints = mesh.Endpoints();
        var nodes = endpoints.Nodes.SelectMany(static node => (string[])["--postgres", $"{node.Key}={node.Value}"]);
        var memcached = endpoints.Memcached.SelectMany(static server => (string[])["--memcached", server]);
        var (code, output, folder) = await mesh.LoadAsync(
            "named", ["mixed", "--rate", "30", "--duration", "2", "--grpc", endpoints.Grpc, .. nodes, .. memcached, "--prefix", endpoints.Prefix,
                .. LoadedMesh.Patient]);
        Assert.True(code == 0, output);
        var run = RunReport.Read(folder);
        Assert.True(run.LagMeasured);
        Assert.Contains(run.Timeline, static second => second.LagMs > 0);
        Assert.DoesNotContain(RunReport.Unmeasured, output, StringComparison.Ordinal);
        // There may be a password in it.
        Assert.All(endpoints.Nodes.Values, url => Assert.DoesNotContain(url, run.Command, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutThemEveryFormOfTheReportSaysWhatNobodyJudged()
    {
        var (code, output, folder) = await mesh.LoadAsync(
            "unmeasured", ["mixed", "--rate", "30", "--duration", "2", "--grpc", mesh.Endpoints().Grpc, .. LoadedMesh.Patient]);
        Assert.True(code == 0, output);
        Assert.Contains(RunReport.Unmeasured, output, StringComparison.Ordinal);
        Assert.False(RunReport.Read(folder).LagMeasured);
        foreach (var form in (string[])[ReportFolder.Html, ReportFolder.Markdown])
        {
            Assert.Contains("lag was not measured", await File.ReadAllTextAsync(Path.Combine(folder, form)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WhatIsSaidOfDatabasesIsNotShown()
    {
        Assert.Equal(
            ["mixed", "--postgres", "…", "--postgres=…", "--rate", "5"],
            LoadArguments.WithoutSecrets(["mixed", "--postgres", "n1=postgres://a:secret@b/c", "--postgres=n2=postgres://a:secret@d/c", "--rate", "5"]));
    }
}
