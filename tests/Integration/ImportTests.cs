using System.Globalization;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;

namespace InstaGrpc.Integration.Tests;

/// <summary>An edge list brought in by the command, and compared.</summary>
public sealed class ImportTests(RunningMesh fixture) : IClassFixture<RunningMesh>
{
    // Names of users, which nobody else's are.
    private const int First = 700_001;

    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task WhatWasImportedEqualsSqlAndAFeedThatDoesNotIsFound()
    {
        if (_mesh.GrpcOf("graph") != _mesh.GrpcOf("media"))
        {
            return; // the command calls one address, and each role has its own
        }

        using var folder = TestFolder.Create();
        var file = Path.Combine(folder.Path, "edges");
        await File.WriteAllTextAsync(file, string.Join('\n', Edges().Select(static edge => $"{First + edge.One} {First + edge.Other}")));
        var (code, output) = await RunAsync("graph", file, "--posts", "8");
        Assert.True(code == 0, output);
        (code, output) = await RunAsync("verify", file);
        Assert.True(code == 0 && output.Contains("no difference", StringComparison.Ordinal), output);
        // 7 friends and oneself: 64 posts in 3 pages. The others have 1 friend: 16 posts.
        Assert.Contains($"{3 + 7} pages of home feeds compared", output, StringComparison.Ordinal);

        var reader = (await _mesh.Graph.GetUserByNameAsync(
            new GetUserByNameRequest { Name = First.ToString(CultureInfo.InvariantCulture) }, RunningMesh.AsAdmin())).User.Id;
        await UntilNothingIsDroppedAsync(reader);
        var timelines = new TimelineStore(_mesh.Memcached, new TimelineKey(_mesh.Prefix), new FanoutOptions(), TimeProvider.System);
        await timelines.DropAsync(reader);
        Assert.True(await timelines.FinishAsync((await timelines.BeginAsync(reader))!, new TimelineContent([], [], 0)));
        (code, output) = await RunAsync("verify", file, "--wait", "0");
        Assert.Equal(1, code);
        Assert.Contains($"person {First}: the home feed's page from post 1 on has 8 posts, SQL 30", output, StringComparison.Ordinal);
        await timelines.DropAsync(reader);
    }

    // What he has just followed drops his timeline; it must not be the one that is put there next.
    private async Task UntilNothingIsDroppedAsync(long reader)
    {
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        foreach (var node in _mesh.Nodes.DataNodes)
        {
            await using var waiting = _mesh.Nodes.Primary(node).CreateCommand(FormattableString.Invariant(
                $"SELECT count(*) FROM fanout_jobs WHERE kind = 3 AND subject_id = {reader}"));
            while ((long)(await waiting.ExecuteScalarAsync(limit.Token))! > 0)
            {
            }
        }
    }

    // A star.
    private static IEnumerable<(int One, int Other)> Edges() => Enumerable.Range(1, 7).Select(static other => (0, other));

    private Task<(int Code, string Output)> RunAsync(params string[] arguments) => InstaProcess.RunAsync(
        new Dictionary<string, string>(_mesh.Variables) { ["INSTA__GRPC__ADDRESS"] = "http://" + _mesh.GrpcOf("feed") }, ["import", .. arguments]);
}
