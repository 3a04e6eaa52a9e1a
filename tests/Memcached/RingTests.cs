using System.Text;
using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached.Tests;

public sealed class RingTests
{
    private const int Keys = 100_000;

    [Fact]
    public void KeysAreSpreadOverTheServers()
    {
        var owned = new int[10];
        var ring = RingOf(10);
        foreach (var key in AllKeys())
        {
            owned[ring.OwnerIndexOf(key)]++;
        }

        Assert.All(owned, count => Assert.InRange(count, Keys / 10 * 7 / 10, Keys / 10 * 13 / 10));
    }

    [Fact]
    public void TakingAServerOutMovesOnlyItsKeys()
    {
        var ring = RingOf(10);
        var gone = ring.Servers[3];
        var smaller = new KetamaRing(ring.Servers.Where(server => server != gone), 2);
        var heirs = new HashSet<RingServer>();
        foreach (var key in AllKeys())
        {
            var before = ring.OwnerOf(key);
            var after = smaller.OwnerOf(key);
            if (before == gone)
            {
                heirs.Add(after);
            }
            else
            {
                Assert.Equal(before, after);
            }
        }

        // Its share falls to all the others, not to one neighbour.
        Assert.Equal(9, heirs.Count);
    }

    [Fact]
    public void TheOrderOfTheServersAndTheirIncarnationsDoNotMatter()
    {
        var ring = RingOf(5);
        var other = new KetamaRing(ring.Servers.Reverse().Select(server => server with { Incarnation = 7 }));
        foreach (var key in AllKeys().Take(1000))
        {
            Assert.Equal(ring.OwnerOf(key).Address, other.OwnerOf(key).Address);
        }

        Assert.Equal(7, other.OwnerOf("key"u8).Incarnation);
    }

    [Fact]
    public void PlacementIsTheSameInEveryVersionOfTheProgram()
    {
        // These values are the ring of every deployment: a change moves all keys.
        Assert.Equal(0ul, KeyHash.Compute([]));
        Assert.Equal(HashOfHello, KeyHash.Compute("hello, ring of memcached servers"u8));
        Assert.Equal(HashOfOdd, KeyHash.Compute("odd length!"u8));
        var ring = RingOf(4);
        Assert.Equal(OwnersOfDigits, string.Concat("0123456789".Select(digit => ring.OwnerIndexOf([(byte)digit]))));
    }

    [Fact]
    public void ARingNamesEachServerOnce()
    {
        Assert.Throws<ArgumentException>(() => new KetamaRing([]));
        Assert.Throws<ArgumentException>(() => new KetamaRing([new RingServer("a:1"), new RingServer("b:1"), new RingServer("a:1", 2)]));
    }

    private const ulong HashOfHello = 4041612913980432952;
    private const ulong HashOfOdd = 13373788660094884950;
    private const string OwnersOfDigits = "0123330230";

    private static KetamaRing RingOf(int servers) => new(Enumerable.Range(0, servers).Select(i => new RingServer($"10.0.0.{i}:11211")));

    private static IEnumerable<byte[]> AllKeys() =>
        Enumerable.Range(0, Keys).Select(i => Encoding.ASCII.GetBytes($"m.GetMedia|1.{i}|{i * 977}"));
}
