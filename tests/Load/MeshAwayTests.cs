using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;
using InstaGrpc.Load.Workers;

namespace InstaGrpc.Load.Tests;

/// <summary>A mesh that does not answer ends a run, and with words.</summary>
public sealed class MeshAwayTests
{
    private const string Nowhere = "127.0.0.1:1";

    [Fact]
    public async Task AMeshThatIsNotThereIsSaidBeforeTheRun()
    {
        await using var errors = new StringWriter();
        Assert.Equal(2, await LoadCommand.RunAsync(["mixed", "--grpc", Nowhere], TextWriter.Null, errors, CancellationToken.None));
        Assert.Contains($"the mesh at http://{Nowhere} does not answer", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatNobodyAnswersForAtTheEndIsAViolationAndSoonGivenUp()
    {
        await using var mesh = new MeshClient($"http://{Nowhere}");
        var people = Enumerable.Range(0, 100).Select(static number => new Person(number, number + 1)).ToList();
        var written = people.ToDictionary(static person => person.Id, static person => new[] { person.Id * 1000 });
        var violations = new Violations();
        var compared = await new FinalCheck(mesh, people, [new WorkerResult([], [], 1, true, written, [], [])], violations, TimeSpan.FromSeconds(0.3))
            .RunAsync(CancellationToken.None);
        Assert.Equal(0, compared);
        Assert.Equal(["not compared"], violations.Counts.Keys);
        Assert.Contains(violations.Kept, static kept => kept.Contains("does not answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheComparisonCanBeAbandoned()
    {
        await using var mesh = new MeshClient($"http://{Nowhere}");
        using var abandoned = new CancellationTokenSource(TimeSpan.FromSeconds(0.3));
        var check = new FinalCheck(
            mesh, [new Person(0, 1)], [new WorkerResult([], [], 1, true, new() { [1] = [1000] }, [], [])], new Violations(), TimeSpan.FromMinutes(10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => check.RunAsync(abandoned.Token));
    }
}
