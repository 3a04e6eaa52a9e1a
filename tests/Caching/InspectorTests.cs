using InstaGrpc.Contracts;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>What the inspector says of each state that a reader can find, and that it leaves the state as it was.</summary>
public sealed class InspectorTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task WhatWasNeverReadIsAbsentAndStaysSo()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var found = await InspectAsync(mesh.NewReader(), Thing);

        Assert.Equal(("absent", false), (found.State, found.WouldHit));
        Assert.Contains("never read", found.Because);
        Assert.Contains($"{CacheFixture.Node}.{mesh.Invalidator.Generation:x16}|", found.Key);
        Assert.Contains(found.Server, servers.Addresses);
        Assert.Equal(mesh.Invalidator.Lo, found.Watermark!.Lo);
        Assert.Null(found.Age);
        Assert.Equal(MetaStatus.Miss, (await mesh.LookAsync(Thing, "1")).Status);
    }

    [Fact]
    public async Task AHitIsToldWithTheAgeOfItsValueAndTheLagOfItsServer()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.MaxLag = TimeSpan.FromHours(1));
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "12345"));
        reader.Clock.Ahead = TimeSpan.FromMinutes(5);

        var found = await InspectAsync(reader, Thing);

        Assert.Equal(("valid", true), (found.State, found.WouldHit));
        Assert.InRange(found.Age!.Value, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(8));
        Assert.InRange(found.Lag!.Value, found.Age.Value, TimeSpan.FromMinutes(8));
        Assert.Equal(5, found.AnswerBytes);
        Assert.InRange(found.ExpiresInSeconds!.Value, 3000, 4000);
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"))).Level);
    }

    [Fact]
    public async Task AReaderThatFillsIsTold()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var phase = new Phase();
        var read = reader.ReadAsync(Thing, 1, Paused(phase, "one"));
        await phase.Reached;

        var found = await InspectAsync(reader, Thing);

        Assert.Equal(("leased", false), (found.State, found.WouldHit));
        Assert.Contains("holds the lease", found.Because);
        phase.Open();
        Assert.Equal(CacheLevel.Filled, (await read).Level);
        Assert.Equal("valid", (await InspectAsync(reader, Thing)).State);
    }

    [Fact]
    public async Task AMarkedValueIsToldAndTheNextReaderStillWinsItsRefill()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");

        for (var look = 0; look < 3; look++)
        {
            var found = await InspectAsync(reader, Count);
            Assert.Equal(("marked", false), (found.State, found.WouldHit));
            Assert.Contains("the next reader refills it, others may have it until 60000 ms", found.Because);
            Assert.NotNull(found.Age);
        }

        var item = await mesh.LookAsync(Count, "1");
        Assert.True(item is { Won: true, Stale: true });

        // Now this test holds the refill, and the inspector leaves it alone.
        var taken = await InspectAsync(reader, Count);
        Assert.Equal(("refilling", false), (taken.State, taken.WouldHit));
        Assert.Equal(item.Cas, (await mesh.LookAsync(Count, "1")).Cas);
    }

    [Fact]
    public async Task AMarkedValueThatNobodyMayHaveIsSaidSo()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "old"));

        // As a reader marks what is too old while the stream is away.
        var key = mesh.Invalidator.KeyOf(Thing, "1");
        await mesh.Pool.OwnerOf(key.Ring.Span).DeleteAsync(key.Under(mesh.Invalidator.Generation), MetaDelete.Mark(60));

        Assert.Contains("nobody is given the old value", (await InspectAsync(reader, Thing)).Because);
    }

    [Fact]
    public async Task WhileTheStreamIsAwayOnlyAYoungValueWouldBeAHit()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.MaxLag = TimeSpan.FromMinutes(10));
        await mesh.Invalidator.WriteAsync(DateTime.UtcNow - TimeSpan.FromMinutes(30));
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "one"));

        var young = await InspectAsync(reader, Thing);
        Assert.Equal(("valid", true), (young.State, young.WouldHit));
        Assert.Contains("nothing was invalidated for", young.Because);

        reader.Clock.Ahead = TimeSpan.FromMinutes(11);
        var old = await InspectAsync(reader, Thing);
        Assert.Equal(("valid", false), (old.State, old.WouldHit));
        Assert.InRange(old.Lag!.Value, TimeSpan.FromMinutes(41), TimeSpan.FromMinutes(45));
        Assert.Equal(CacheLevel.Filled, (await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "two"))).Level);
    }

    [Fact]
    public async Task AContractThatIsNotHonouredYetIsNoHit()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        mesh.Invalidator.Contracts = TestNumbers.All with { Number = TestNumbers.All.Number - 1 };
        await mesh.Invalidator.WriteAsync();

        var found = await InspectAsync(reader, Thing);
        Assert.False(found.WouldHit);
        Assert.Contains($"honours contracts up to {mesh.Invalidator.Contracts} here, and this one is {TestNumbers.All}", found.Because);

        reader.Numbers.Announce(false);
        Assert.Contains("not announced", (await InspectAsync(reader, Thing)).Because);
    }

    [Fact]
    public async Task WithoutAWatermarkOrAClockNothingWouldBeAHit()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "one"));
        reader.Clock.IsMeasured = false;
        var blind = await InspectAsync(reader, Thing);
        Assert.Equal(("valid", false, null, null), (blind.State, blind.WouldHit, blind.Lag, blind.Age));
        Assert.Contains("clock", blind.Because);

        await mesh.Invalidator.RemoveAsync();
        var found = await InspectAsync(reader, Thing);
        Assert.False(found.WouldHit);
        Assert.Contains("no watermark", found.Because);
    }

    [Fact]
    public async Task APageIsFoundUnderItsListsVersion()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var request = new Protos.ListPartsRequest { Id = 1 };
        var inspector = new CacheInspector(reader.Reads);
        var method = reader.Reads.For(Parts);
        Assert.Contains("no version", (await inspector.InspectAsync(method, CacheFixture.Node, request)).Because);

        await reader.ReadAsync(Parts, request, new ScriptedRun(() => "page"));
        Assert.True((await inspector.InspectAsync(method, CacheFixture.Node, request)).WouldHit);
        await mesh.Invalidator.ChangeAsync(1, Parts, "1");
        Assert.Contains("it was changed", (await inspector.InspectAsync(method, CacheFixture.Node, request)).Because);
    }

    private static ValueTask<CacheInspection> InspectAsync(Reader reader, MethodContract contract) =>
        new CacheInspector(reader.Reads).InspectAsync(reader.Reads.For(contract), CacheFixture.Node, new Protos.GetThingRequest { Id = 1 });

    private static ScriptedRun Paused(Phase phase, string text) => new(async (_, cancellation) =>
    {
        await phase.PassAsync(cancellation);
        return ScriptedRun.Of(text);
    });
}
