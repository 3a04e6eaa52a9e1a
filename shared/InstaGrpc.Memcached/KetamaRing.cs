using System.Text;
using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

/// <summary>Consistent hashing over a fixed set of servers, in the manner of ketama (Jones, "libketama", 2007): each server has
/// <see cref="PointsPerServer"/> points on a circle of 64-bit hashes, and a key belongs to the server of the first point at or after
/// its own. Taking a server out moves only its keys. Immutable; all processes that are given the same servers agree, whatever their
/// order.</summary>
/// <remarks>Points depend on the address alone: an incarnation says which life of a server is meant, not where its keys lie.</remarks>
public sealed class KetamaRing
{
    /// <summary>Points of each server. With 160 the fullest of ten servers holds about 1.2 times its share.</summary>
    public const int PointsPerServer = 160;

    private readonly ulong[] _points;
    private readonly ushort[] _owners;

    /// <param name="servers">At least one; addresses must differ.</param>
    /// <param name="version">The ring's version in the directory.</param>
    public KetamaRing(IEnumerable<RingServer> servers, int version = 1)
    {
        Servers = [.. servers.OrderBy(server => server.Address, StringComparer.Ordinal)];
        Version = version;
        if (Servers.Count is 0 or > ushort.MaxValue)
        {
            throw new ArgumentException("A ring needs 1 to 65,535 servers.", nameof(servers));
        }

        for (var i = 1; i < Servers.Count; i++)
        {
            if (Servers[i].Address == Servers[i - 1].Address)
            {
                throw new ArgumentException($"The ring names {Servers[i].Address} twice.", nameof(servers));
            }
        }

        _points = new ulong[Servers.Count * PointsPerServer];
        _owners = new ushort[_points.Length];
        for (var server = 0; server < Servers.Count; server++)
        {
            for (var point = 0; point < PointsPerServer; point++)
            {
                var at = server * PointsPerServer + point;
                _points[at] = KeyHash.Compute(Encoding.UTF8.GetBytes($"{Servers[server].Address}-{point}"));
                _owners[at] = (ushort)server;
            }
        }

        // Stable in the (practically impossible) event of equal points: the sort sees servers in the order of their addresses.
        Array.Sort(_points, _owners);
    }

    /// <summary>The servers, ordered by address.</summary>
    public IReadOnlyList<RingServer> Servers { get; }

    /// <summary>The ring's version in the directory; watermarks carry it. Nothing gives out versions yet: a pool's own ring is 1, whatever its
    /// servers.</summary>
    public int Version { get; }

    /// <summary>The server that owns a key. The key hashed here may be another than the one stored (the cache hashes without the
    /// generation).</summary>
    public RingServer OwnerOf(ReadOnlySpan<byte> ringKey) => Servers[OwnerIndexOf(ringKey)];

    /// <summary>The owner's place in <see cref="Servers"/>.</summary>
    public int OwnerIndexOf(ReadOnlySpan<byte> ringKey)
    {
        if (Servers.Count == 1)
        {
            return 0;
        }

        var at = Array.BinarySearch(_points, KeyHash.Compute(ringKey));
        if (at < 0)
        {
            at = ~at;
        }

        return _owners[at == _points.Length ? 0 : at];
    }
}
