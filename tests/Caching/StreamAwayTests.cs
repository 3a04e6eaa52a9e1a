using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>"Reading" 2: nobody invalidates.</summary>
public sealed class StreamAwayTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    private static readonly TimeSpan _maxLag = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task WhileTheStreamIsAwayEntriesLiveMaxLag()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.MaxLag = _maxLag);
        var run = new ScriptedRun(() => "one");
        await reader.ReadAsync(Thing, 1, run);

        // Half an hour later, by PostgreSQL's clock, the watermark has not moved.
        reader.Clock.Ahead = TimeSpan.FromMinutes(30);
        var old = await reader.ReadAsync(Thing, 1, run);
        Assert.Equal((CacheLevel.Filled, 2), (old.Level, run.Runs));
        var young = await reader.ReadAsync(Thing, 1, run);
        Assert.Equal((CacheLevel.Memcached, 2), (young.Level, run.Runs));
        reader.Clock.Ahead += _maxLag + TimeSpan.FromSeconds(1);
        Assert.Equal(CacheLevel.Filled, (await reader.ReadAsync(Thing, 1, run)).Level);
    }

    [Fact]
    public async Task AnOldEntryIsRefilledByOneOfManyWhileTheStreamIsAway()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.MaxLag = _maxLag);
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "old"));
        reader.Clock.Ahead = TimeSpan.FromMinutes(30);
        var phase = new Phase();
        var run = new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("new");
        });
        var reads = Enumerable.Range(0, 16).Select(_ => reader.ReadAsync(Thing, 1, run)).ToArray();
        await phase.Reached;
        phase.Open();

        Assert.All(await Task.WhenAll(reads), answer => Assert.Equal("new", Reader.Text(answer)));
        Assert.Equal(1, run.Runs);
    }

    [Fact]
    public async Task WhatIsSeenWhileTheStreamIsAwayDoesNotCountAsSeenValid()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.MaxLag = _maxLag);
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "old"));

        // Eleven minutes later the stream has been away for as long; the entry is a hit no more. Nine minutes later it was one, but not a proof.
        reader.Clock.Ahead = TimeSpan.FromMinutes(9);
        await mesh.Invalidator.WriteAsync(DateTime.UtcNow - TimeSpan.FromMinutes(5));
        var second = mesh.NewReader(options => options.MaxLag = _maxLag);
        second.Clock.Ahead = TimeSpan.FromMinutes(9);
        Assert.Equal(CacheLevel.Memcached, (await second.ReadAsync(Count, 1, new ScriptedRun(() => "none"))).Level);
        await mesh.Invalidator.MarkAsync(Count, "1");
        Assert.True((await mesh.LookAsync(Count, "1")).Won);
        var answer = await second.ReadAsync(
            Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(100) });
        Assert.Equal("own", Reader.Text(answer));
    }

    [Fact]
    public async Task WithoutPostgresClockNothingIsServedFromTheCache()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        reader.Clock.IsMeasured = false;
        var run = new ScriptedRun(() => "one");
        Assert.Equal(UncachedReason.NoClock, (await reader.ReadAsync(Thing, 1, run)).Uncached);
        reader.Clock.IsMeasured = true;

        // The lease was given back.
        Assert.Equal(CacheLevel.Filled, (await reader.ReadAsync(Thing, 1, run)).Level);
    }
}
