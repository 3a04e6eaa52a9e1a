using System.Text;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Tests;

/// <summary>Leases under callers' own keys, over any replica.</summary>
public sealed class LeaseCacheTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task ALeaseIsFilledByAnyReplicaAndReadByAll()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (Cache(mesh), Cache(mesh));
        var lease = Assert.IsType<LeaseAnswer.Lease>(await one.GetAsync("ns/a", TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal("primary", lease.Fence);
        Assert.IsType<LeaseAnswer.Busy>(await two.GetAsync("ns/a", TimeSpan.Zero, TimeSpan.Zero));
        var waiting = two.GetAsync("ns/a", Phase.Limit, TimeSpan.Zero).AsTask();
        Assert.True(await two.FillAsync("ns/a", lease.Token, "one"u8.ToArray(), _hour));

        Assert.Equal("one", Text(await waiting));
        Assert.Equal("one", Text(await one.GetAsync("ns/a", TimeSpan.Zero, TimeSpan.Zero)));
    }

    [Fact]
    public async Task AnInvalidationTakesTheLeaseAway()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var cache = Cache(mesh);
        var lease = Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/b", TimeSpan.Zero, TimeSpan.Zero));
        await cache.InvalidateAsync(["ns/b", "ns/other"]);
        Assert.False(await cache.FillAsync("ns/b", lease.Token, "old"u8.ToArray(), _hour));
        var next = Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/b", TimeSpan.Zero, TimeSpan.Zero));
        Assert.True(await cache.FillAsync("ns/b", next.Token, null, _hour));
        Assert.Null(Assert.IsType<LeaseAnswer.Hit>(await cache.GetAsync("ns/b", TimeSpan.Zero, TimeSpan.Zero)).Value);
    }

    [Fact]
    public async Task AnInvalidationWhoseMarkTheServerRefusesFails()
    {
        await using var proxy = new FaultProxy(servers.Addresses[0]);
        await using var mesh = new CacheFixture([servers.Addresses[0]]);
        await mesh.Invalidator.BeginAsync();
        var cache = new LeaseCache(mesh.NewReader(through: [proxy.Address]).Reads, CacheFixture.Node);
        Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/e", TimeSpan.Zero, TimeSpan.Zero));
        await cache.InvalidateAsync(["ns/e"]);

        // A quiet mark that was made says nothing; what comes is the end of the pipeline.
        proxy.Misquote = ("MN\r\n", "SERVER_ERROR out of memory\r\nMN\r\n");

        await Assert.ThrowsAnyAsync<MemcachedException>(() => cache.InvalidateAsync(["ns/e"]).AsTask());
    }

    [Fact]
    public async Task AMarkedValueIsStaleForWhoAllowsIt()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var cache = Cache(mesh);
        var lease = Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/c", TimeSpan.Zero, TimeSpan.Zero));
        await cache.FillAsync("ns/c", lease.Token, "old"u8.ToArray(), _hour);
        await cache.InvalidateAsync(["ns/c"]);
        Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/c", TimeSpan.Zero, TimeSpan.FromSeconds(60)));
        var stale = Assert.IsType<LeaseAnswer.Stale>(await cache.GetAsync("ns/c", TimeSpan.Zero, TimeSpan.FromSeconds(60)));
        Assert.Equal("old", Encoding.UTF8.GetString(stale.Value!.Value.Span));
        Assert.IsType<LeaseAnswer.Busy>(await cache.GetAsync("ns/c", TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public async Task WithoutAWatermarkTheLeaseHasNoTokenAndItsFillIsRefused()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var cache = Cache(mesh);
        var lease = Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/d", TimeSpan.Zero, TimeSpan.Zero));
        Assert.True(lease.Token.IsEmpty);
        Assert.False(await cache.FillAsync("ns/d", lease.Token, "x"u8.ToArray(), _hour));
    }

    [Fact]
    public async Task BadTokensAndLargeValuesAreRefusedBeforeAnythingIsSent()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var cache = Cache(mesh);
        await Assert.ThrowsAsync<ArgumentException>(async () => await cache.FillAsync("ns/e", "made up"u8.ToArray(), "x"u8.ToArray(), _hour));
        var lease = Assert.IsType<LeaseAnswer.Lease>(await cache.GetAsync("ns/e", TimeSpan.Zero, TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await cache.FillAsync("ns/e", lease.Token, new byte[LeaseCache.MaxValueBytes + 1], _hour));
        Assert.True(await cache.FillAsync("ns/e", lease.Token, new byte[LeaseCache.MaxValueBytes], _hour));
    }

    [Fact]
    public async Task TheInspectorTakesNoLeaseAndSaysWhy()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var inspector = new CacheInspector(reader.Reads);
        var method = reader.Reads.For(TestContracts.Thing);
        var request = new Protos.GetThingRequest { Id = 1 };

        var absent = await inspector.InspectAsync(method, CacheFixture.Node, request);
        Assert.Equal(("absent", false), (absent.State, absent.WouldHit));
        Assert.Equal(MetaStatus.Miss, (await mesh.LookAsync(TestContracts.Thing, "1")).Status);

        var phase = new Phase();
        var read = reader.ReadAsync(TestContracts.Thing, 1, new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return HandlerAnswer.Present(default);
        }));
        await phase.Reached;
        Assert.Equal("leased", (await inspector.InspectAsync(method, CacheFixture.Node, request)).State);
        phase.Open();
        await read;
        var valid = await inspector.InspectAsync(method, CacheFixture.Node, request);
        Assert.Equal(("valid", true), (valid.State, valid.WouldHit));
        Assert.Equal(mesh.Invalidator.Generation, valid.Watermark!.Generation);

        // Flush: the watermarks go, and this invalidator begins nothing anew.
        var reached = await inspector.FlushAsync(CacheFixture.Node, TimeSpan.Zero);
        Assert.Equal(2, reached.Count);
        Assert.All(reached, static server => Assert.True(server is { IsReached: true, Generation: null }));
        var flushed = await inspector.InspectAsync(method, CacheFixture.Node, request);
        Assert.Null(flushed.Watermark);
        Assert.All(await inspector.WatermarksAsync(CacheFixture.Node), pair => Assert.Null(pair.Watermark));
    }

    private static LeaseCache Cache(CacheFixture mesh) => new(mesh.NewReader().Reads, CacheFixture.Node);

    private static string Text(LeaseAnswer answer) => Encoding.UTF8.GetString(Assert.IsType<LeaseAnswer.Hit>(answer).Value!.Value.Span);
}
