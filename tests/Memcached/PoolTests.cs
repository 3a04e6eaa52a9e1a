using InstaGrpc.Embedded;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Memcached.Tests;

public sealed class PoolTests
{
    [Fact]
    public async Task AMultiGetAsksEveryServerAndADeadOneSpoilsOnlyItsOwnKeys()
    {
        await using var first = await EmbeddedMemcached.StartAsync();
        var second = await EmbeddedMemcached.StartAsync();
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(first.Address, second.Address));
        ServerKey[] keys = [.. Enumerable.Range(0, 200).Select(i => System.Text.Encoding.ASCII.GetBytes($"key-{i}"))
            .Select(key => new ServerKey(pool.OwnerOf(key), key))];
        foreach (var (server, key) in keys)
        {
            await server.SetAsync(key.Span, key.Span, new MetaSet());
        }

        var replies = new MetaReply[keys.Length];
        await pool.GetManyAsync(keys, replies, new MetaGet());
        Assert.All(keys.Zip(replies), pair => Assert.Equal(pair.First.Key.ToArray(), pair.Second.Value));
        Assert.Equal(2, keys.Select(key => key.Server).Distinct().Count());

        await second.CrashAsync();
        var dead = pool.Find(second.Address)!;
        await Eventually.TrueAsync(() => !dead.IsAvailable);
        await pool.GetManyAsync(keys, replies, new MetaGet());
        Assert.All(
            keys.Zip(replies),
            pair => Assert.Equal(pair.First.Server == dead ? MetaStatus.Unanswered : MetaStatus.Hit, pair.Second.Status));
    }

    [Fact]
    public async Task ServersOnSeveralRingsAreSharedAndAKeyHasAnOwnerUnderEach()
    {
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor("a:1", "b:1"));
        var (a, b) = (pool.Find("a:1")!, pool.Find("b:1")!);
        var before = pool.Ring;

        pool.UseRings(new KetamaRing([new RingServer("b:1"), new RingServer("c:1")], 2), before);

        Assert.Equal(2, pool.Ring.Version);
        Assert.Equal([2, 1], pool.Rings.Select(ring => ring.Version));
        Assert.Same(b, pool.Find("b:1"));
        var seen = new HashSet<int>();
        for (var i = 0; i < 100; i++)
        {
            var key = System.Text.Encoding.ASCII.GetBytes($"key-{i}");
            var owners = new List<MemcachedServer>();
            pool.OwnersOf(key, owners);
            Assert.Same(pool.OwnerOf(key), owners[0]);
            Assert.Equal(pool.Ring.OwnerOf(key).Address, owners[0].Address);
            Assert.Equal(before.OwnerOf(key).Address, owners[^1].Address);
            seen.Add(owners.Count);
        }

        Assert.Equal([1, 2], seen.Order());

        pool.UseRings(pool.Ring);
        Assert.Null(pool.Find("a:1"));
        await Eventually.TrueAsync(() => a.State == MemcachedServerState.Closed);
    }

    [Fact]
    public void EveryFaultOfTheOptionsIsNamed()
    {
        var fault = Assert.Throws<ArgumentException>(() => new MemcachedPool(new MemcachedOptions
        {
            ConnectionsPerServer = 0, QueueDepth = 1000, OperationTimeout = TimeSpan.Zero, ReconnectMax = TimeSpan.FromMilliseconds(20),
        }));
        foreach (var name in new[] { "Servers", "ConnectionsPerServer", "QueueDepth", "OperationTimeout", "ReconnectMax" })
        {
            Assert.Contains(name, fault.Message);
        }
    }

    [Theory]
    [InlineData("cache.example", "cache.example:11211")]
    [InlineData("cache.example:1", "cache.example:1")]
    [InlineData("[::1]:11212", "[::1]:11212")]
    [InlineData("::1", "[::1]:11211")]
    public async Task AnAddressHasAPort(string given, string address)
    {
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(given));
        Assert.Equal(address, pool.Servers[0].Address);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":11211")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:x")]
    public void AnAddressThatIsNoneIsRefused(string given) =>
        Assert.Throws<ArgumentException>(() => new MemcachedPool(RunningMemcached.OptionsFor(given)));

    [Theory]
    [InlineData("Insta:Memcached:Servers", null)]
    [InlineData("Insta:Memcached:Servers:0", "Insta:Memcached:Servers:1")]
    public async Task ConfigurationNamesServersAsAListOrInOneString(string first, string? second)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(second is null
            ? new Dictionary<string, string?> { [first] = "a:1, b:2", ["Insta:Memcached:OperationTimeout"] = "00:00:03" }
            : new Dictionary<string, string?> { [first] = "a:1", [second] = "b:2" }).Build();
        await using var services = new ServiceCollection().AddMemcached(configuration).BuildServiceProvider();

        var pool = services.GetRequiredService<MemcachedPool>();

        Assert.Equal(["a:1", "b:2"], pool.Servers.Select(server => server.Address));
    }
}
