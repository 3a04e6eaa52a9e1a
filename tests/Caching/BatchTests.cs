using System.Text;
using InstaGrpc.Contracts;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

public sealed class BatchTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task WhatIsMissingIsReadByOneHandlerRunAndSharedWithSingleReads()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 2, new ScriptedRun(() => "2"));
        var run = new Batch();
        var first = await ReadAsync(reader, run, 1, 2, 3, 4);
        var second = await ReadAsync(reader, run, 4, 3, 2, 1);

        Assert.Equal(["1", "2", "3", "4"], first.Select(Reader.Text));
        Assert.Equal(["4", "3", "2", "1"], second.Select(Reader.Text));
        Assert.Equal([1L, 3L, 4L], Assert.Single(run.Asked));
        Assert.Equal(
            [CacheLevel.Filled, CacheLevel.Memcached, CacheLevel.Filled, CacheLevel.Filled], first.Select(answer => answer.Level));
        Assert.All(second, answer => Assert.Equal(CacheLevel.Memcached, answer.Level));
        Assert.Equal(CacheLevel.Memcached, (await mesh.NewReader().ReadAsync(Thing, 3, new ScriptedRun(() => "none"))).Level);
    }

    [Fact]
    public async Task ItemsThatDoNotExistAreCachedAsAbsentAndDoublesAreAskedForOnce()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var run = new Batch(id => id == 2 ? null : $"{id}");
        var first = await ReadAsync(reader, run, 1, 2, 1, 2);
        var second = await ReadAsync(reader, run, 2, 1);

        Assert.Equal([true, false, true, false], first.Select(answer => answer.IsPresent));
        Assert.Equal([false, true], second.Select(answer => answer.IsPresent));
        Assert.Equal([1L, 2L], Assert.Single(run.Asked));
    }

    [Fact]
    public async Task TwoBatchesThatHoldWhatTheOtherWantsBothEnd()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var (onePhase, twoPhase) = (new Phase(), new Phase());
        var oneRun = new Batch(before: onePhase);
        var first = ReadAsync(one, oneRun, 1, 2);
        await onePhase.Reached;
        var twoRun = new Batch(before: twoPhase);
        var second = ReadAsync(two, twoRun, 2, 3);
        await twoPhase.Reached;
        var third = ReadAsync(one, new Batch(), 3, 1);
        onePhase.Open();
        twoPhase.Open();

        Assert.Equal(["1", "2"], (await first).Select(Reader.Text));
        Assert.Equal(["2", "3"], (await second).Select(Reader.Text));
        Assert.Equal(["3", "1"], (await third).Select(Reader.Text));
        Assert.Equal([3L], Assert.Single(twoRun.Asked));
    }

    [Fact]
    public async Task ASingleReadJoinsABatchsFlight()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var phase = new Phase();
        var batch = ReadAsync(reader, new Batch(before: phase), 1, 2);
        await phase.Reached;
        var single = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"));
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Joins == 1, "it has joined");
        phase.Open();

        Assert.Equal("1", Reader.Text(await single));
        await batch;
    }

    [Fact]
    public async Task ABatchsFlightOutlivesTheTimeOfWhoStartedIt()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var phase = new Phase();
        var run = new Batch(before: phase);
        long[] ids = [1, 2];
        var batch = reader.Reads.GetManyAsync(
            reader.Reads.For(Thing), CacheFixture.Node, new Ids(ids), new ReadConditions { Remaining = TimeSpan.Zero }, run.For(ids)).AsTask();
        await phase.Reached;
        var single = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"));
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Joins == 1 || single.IsCompleted, "it has joined");
        phase.Open();

        Assert.Equal("1", Reader.Text(await single));
        Assert.InRange(Assert.Single(run.Contexts).Remaining, TimeSpan.FromSeconds(1), Thing.Policy.Deadline);
        await batch;
    }

    [Fact]
    public async Task ANestedBatchLastsNoLongerThanTheRunWhosePlaceItTakes()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        long[] ids = [1, 2];
        var held = new Batch(before: new Phase());
        await reader.ReadAsync(Count, 9, new ScriptedRun(async (context, _) =>
        {
            await Assert.ThrowsAsync<ReadOverdueException>(() => reader.Reads.GetManyAsync(
                reader.Reads.For(Thing), CacheFixture.Node, new Ids(ids),
                new ReadConditions { Remaining = TimeSpan.FromMilliseconds(50), Within = context }, held.For(ids)).AsTask());
            return ScriptedRun.Of("outer");
        }));
        Assert.All(await ReadAsync(reader, new Batch(), ids), answer => Assert.Equal(CacheLevel.Filled, answer.Level));
    }

    [Fact]
    public async Task ABatchThatFailsGivesEveryLeaseBack()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(reader, new Batch(_ => throw new InvalidOperationException()), 1, 2, 3));
        var run = new Batch();
        Assert.All(await ReadAsync(reader, run, 1, 2, 3), answer => Assert.Equal(CacheLevel.Filled, answer.Level));
        Assert.Single(run.Asked);
    }

    [Fact]
    public async Task ABatchThatCannotBeCachedIsOneHandlerRun()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var run = new Batch();
        var answers = await ReadAsync(mesh.NewReader(), run, 1, 2, 3);
        Assert.All(answers, answer => Assert.Equal(UncachedReason.NoWatermark, answer.Uncached));
        Assert.Equal([1L, 2L, 3L], Assert.Single(run.Asked));
    }

    [Fact]
    public async Task TheFenceOfABatchIsReadAfterItsLeases()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await ReadAsync(reader, new Batch(), 7, 8, 9);
        await mesh.Invalidator.IntendAsync(5);
        var run = new Batch();
        await ReadAsync(reader, run, 1, 2, 3, 4, 5, 6);
        Assert.Equal(ScriptedInvalidator.At(5), run.Contexts.Single().Fence);
    }

    [Fact]
    public async Task MarkedItemsThatMayBeStaleAreServedOrRefilledInOneRun()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        long[] ids = [1, 2, 3];
        await ReadAsync(one, Count, new Batch(id => $"old {id}"), ids);
        await ReadAsync(two, Count, new Batch(), ids);
        for (var change = 0u; change < 3; change++)
        {
            await mesh.Invalidator.ChangeAsync(change + 1, Count, $"{ids[change]}");
        }

        var phase = new Phase();
        var run = new Batch(id => $"new {id}", phase);
        var refill = ReadAsync(one, Count, run, ids);
        await phase.Reached;
        var stale = await ReadAsync(two, Count, new Batch(), ids);
        phase.Open();

        Assert.Equal(["new 1", "new 2", "new 3"], (await refill).Select(Reader.Text));
        Assert.Equal(ids, Assert.Single(run.Asked));
        Assert.All(stale, answer => Assert.Equal(CacheLevel.Stale, answer.Level));
    }

    private static Task<CacheAnswer[]> ReadAsync(Reader reader, Batch run, params long[] ids) => ReadAsync(reader, Thing, run, ids);

    private static Task<CacheAnswer[]> ReadAsync(Reader reader, MethodContract contract, Batch run, long[] ids) =>
        reader.Reads.GetManyAsync(reader.Reads.For(contract), CacheFixture.Node, new Ids(ids), new ReadConditions(), run.For(ids)).AsTask();

    private sealed class Ids(long[] ids) : IItemKeys
    {
        public int Count => ids.Length;

        public FieldValue Read(int item, int field) => FieldValue.Of(ids[item]);
    }

    private sealed class Batch(Func<long, string?>? read = null, Phase? before = null)
    {
        public List<long[]> Asked { get; } = [];

        public List<HandlerRunContext> Contexts { get; } = [];

        public IBatchRun For(long[] ids) => new Run(this, ids);

        private sealed class Run(Batch batch, long[] ids) : IBatchRun
        {
            public async ValueTask<IReadOnlyList<HandlerAnswer>> RunAsync(
                HandlerRunContext context, IReadOnlyList<int> items, CancellationToken cancellation)
            {
                lock (batch.Asked)
                {
                    batch.Asked.Add([.. items.Select(item => ids[item])]);
                    batch.Contexts.Add(context);
                }

                await batch.PassAsync(cancellation);
                return [.. items.Select(item => batch.Find(ids[item]) is { } text
                    ? HandlerAnswer.Present(Encoding.UTF8.GetBytes(text))
                    : HandlerAnswer.Absent)];
            }
        }

        private Task PassAsync(CancellationToken cancellation) => before?.PassAsync(cancellation) ?? Task.CompletedTask;

        private string? Find(long id) => read is null ? $"{id}" : read(id);
    }
}
