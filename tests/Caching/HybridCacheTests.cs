using System.Buffers;
using System.Text;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Caching.Tests;

/// <summary>.NET's HybridCache over leases; each cache is a process of its own.</summary>
public sealed class HybridCacheTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task ManyCallersOfTwoProcessesRunOneFactory()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        HybridCache[] caches = [Cache(mesh), Cache(mesh)];
        var phase = new Phase();
        var runs = 0;
        var reads = Enumerable.Range(0, 64).Select(i => caches[i % 2].GetOrCreateAsync("popular", async cancellation =>
        {
            Interlocked.Increment(ref runs);
            await phase.PassAsync(cancellation);
            return new Thing("one", 1);
        }).AsTask()).ToArray();
        await phase.Reached;
        phase.Open();

        Assert.All(await Task.WhenAll(reads), thing => Assert.Equal(new Thing("one", 1), thing));
        Assert.Equal(1, runs);
        Assert.Equal(new Thing("one", 1), await caches[1].GetOrCreateAsync<Thing>("popular", Never));
    }

    [Fact]
    public async Task WhatIsRemovedIsMadeAnewAlsoWhileItIsBeingMade()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (Cache(mesh), Cache(mesh));
        var phase = new Phase();
        var old = one.GetOrCreateAsync("a", async cancellation =>
        {
            await phase.PassAsync(cancellation);
            return "old";
        }).AsTask();
        await phase.Reached;
        await two.RemoveAsync("a");
        Assert.Equal("new", await two.GetOrCreateAsync("a", _ => new ValueTask<string>("new")));
        phase.Open();

        // Who asked before gets what his factory read; nobody else does.
        Assert.Equal("old", await old);
        Assert.Equal("new", await one.GetOrCreateAsync<string>("a", Never<string>));
        await one.RemoveAsync(["a", "b"]);
        Assert.Equal("newer", await two.GetOrCreateAsync("a", _ => new ValueTask<string>("newer")));
    }

    [Fact]
    public async Task WhatIsSetIsReadByAllAndNotWrittenOverByAFactoryThatBeganBefore()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (Cache(mesh), Cache(mesh));
        var phase = new Phase();
        var old = one.GetOrCreateAsync("a", async cancellation =>
        {
            await phase.PassAsync(cancellation);
            return "old";
        }).AsTask();
        await phase.Reached;
        await two.SetAsync("a", "set");
        phase.Open();
        await old;

        Assert.Equal("set", await one.GetOrCreateAsync<string>("a", Never<string>));
        await one.SetAsync("a", "again");
        Assert.Equal("again", await two.GetOrCreateAsync<string>("a", Never<string>));
    }

    [Fact]
    public async Task AFactoryThatFailsHoldsNobodyUp()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (Cache(mesh), Cache(mesh));
        var phase = new Phase();
        var failing = one.GetOrCreateAsync<string>("a", async cancellation =>
        {
            await phase.PassAsync(cancellation);
            throw new IOException("the source is away");
        }).AsTask();
        await phase.Reached;
        var waiting = two.GetOrCreateAsync("a", _ => new ValueTask<string>("two")).AsTask();
        phase.Open();

        await Assert.ThrowsAsync<IOException>(() => failing);
        Assert.Equal("two", await waiting.WaitAsync(LeaseCache.LeaseTime));
    }

    [Fact]
    public async Task FlagsAndNullMeanWhatTheySay()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var cache = Cache(mesh);
        Assert.Null(await cache.GetOrCreateAsync("null", _ => new ValueTask<string?>((string?)null)));
        Assert.Null(await cache.GetOrCreateAsync<string?>("null", Never<string?>));

        var nothing = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableUnderlyingData };
        Assert.Equal(0, await cache.GetOrCreateAsync<int>("number", Never<int>, nothing));
        var unwritten = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableDistributedCacheWrite };
        Assert.Equal(1, await cache.GetOrCreateAsync("number", _ => new ValueTask<int>(1), unwritten));
        Assert.Equal(2, await cache.GetOrCreateAsync("number", _ => new ValueTask<int>(2)));
        var unread = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableDistributedCacheRead };
        Assert.Equal(3, await cache.GetOrCreateAsync("number", _ => new ValueTask<int>(3), unread));
        Assert.Equal(3, await cache.GetOrCreateAsync<int>("number", Never<int>));

        // Larger than an item can be: made for everybody who asks.
        var large = new string('x', LeaseCache.MaxValueBytes);
        Assert.Equal(large, await cache.GetOrCreateAsync("large", _ => new ValueTask<string>(large)));
        Assert.Equal("small", await cache.GetOrCreateAsync("large", _ => new ValueTask<string>("small")));
    }

    [Fact]
    public async Task TagsAreRefusedAndWithoutAWatermarkTheFactoryRuns()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var cache = Cache(mesh);
        await Assert.ThrowsAsync<NotSupportedException>(async () => await cache.GetOrCreateAsync("a", _ => new ValueTask<int>(1), tags: ["t"]));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await cache.SetAsync("a", 1, tags: ["t"]));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await cache.RemoveByTagAsync("t"));
        Assert.Equal(1, await cache.GetOrCreateAsync("a", _ => new ValueTask<int>(1)));
        Assert.Equal(2, await cache.GetOrCreateAsync("a", _ => new ValueTask<int>(2)));
    }

    [Fact]
    public async Task AnApplicationsOwnSerializerIsUsed()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var cache = Cache(mesh, services => services.AddSingleton<IHybridCacheSerializer<Thing>, Shouting>());

        await cache.SetAsync("a", new Thing("loud", 7));

        Assert.Equal(new Thing("LOUD", 0), await cache.GetOrCreateAsync<Thing>("a", Never));
    }

    private static HybridCache Cache(CacheFixture mesh, Action<IServiceCollection>? add = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton(new LeaseCache(mesh.NewReader().Reads, CacheFixture.Node));
        services.AddLeaseHybridCache();
        add?.Invoke(services);
        return services.BuildServiceProvider().GetRequiredService<HybridCache>();
    }

    private static ValueTask<Thing> Never(CancellationToken cancellation) => Never<Thing>(cancellation);

    private static ValueTask<T> Never<T>(CancellationToken cancellation) => throw new InvalidOperationException("it was there");

    private sealed record Thing(string Name, int Number);

    private sealed class Shouting : IHybridCacheSerializer<Thing>
    {
        public Thing Deserialize(ReadOnlySequence<byte> source) => new(Encoding.UTF8.GetString(source), 0);

        public void Serialize(Thing value, IBufferWriter<byte> target) => target.Write(Encoding.UTF8.GetBytes(value.Name.ToUpperInvariant()));
    }
}
