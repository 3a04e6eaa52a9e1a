using System.Text;
using InstaGrpc.Embedded;

namespace InstaGrpc.Memcached.Tests;

public class PinTests
{
    private static readonly byte[] _key = "key"u8.ToArray();

    [Fact]
    public async Task APinnedConnectionFailsInsteadOfGoingOnInAnotherLifeOfTheServer()
    {
        var process = await EmbeddedMemcached.StartAsync();
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        var pinned = await pool.Servers[0].PinAsync();
        Assert.True((await pinned.SetAsync(_key, "mine"u8, new MetaSet())).IsHit);
        var mine = await pinned.GetAsync(_key, new MetaGet());
        Assert.Equal("mine", Encoding.ASCII.GetString(mine.Value!));

        await process.CrashAsync();
        await using var another = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = process.Port });
        await pool.Servers[0].ConnectAsync();
        await pool.Servers[0].SetAsync(_key, "another's"u8, new MetaSet());
        var other = await pool.Servers[0].GetAsync(_key, new MetaGet());
        Assert.Equal(mine.Cas, other.Cas);

        await Assert.ThrowsAnyAsync<MemcachedException>(() => pinned.SetAsync(_key, "late"u8, new MetaSet { Cas = mine.Cas }).AsTask());
        await Assert.ThrowsAnyAsync<MemcachedException>(() => pinned.DeleteAsync(_key).AsTask());
        Assert.Equal("another's", Encoding.ASCII.GetString((await pool.Servers[0].GetAsync(_key, new MetaGet())).Value!));
    }

    [Fact]
    public async Task AKeysOwnersCarryTheIncarnationsOfTheirRings()
    {
        await using var pool = new MemcachedPool(new MemcachedOptions { Servers = ["127.0.0.1:1", "127.0.0.1:2"] });
        pool.UseRings(
            new KetamaRing([new RingServer("127.0.0.1:1", 2), new RingServer("127.0.0.1:2", 1)], 2),
            new KetamaRing([new RingServer("127.0.0.1:1", 1)], 1));
        for (var i = 0; i < 100; i++)
        {
            var key = Encoding.ASCII.GetBytes($"key {i}");
            List<KeyOwner> owners = [];
            pool.OwnersOf(key, owners);
            var owner = pool.KeyOwnerOf(key);
            Assert.Same(pool.OwnerOf(key), owner.Server);
            Assert.Equal(owner.Server.Address == "127.0.0.1:1" ? 2 : 1, owner.Incarnation);
            Assert.Equal([owner, new KeyOwner(pool.Find("127.0.0.1:1")!, 1)], owners);
        }
    }
}
