using System.Buffers.Binary;

namespace InstaGrpc.Memcached;

/// <summary>64-bit hash of ring keys: MurmurHash64A (Austin Appleby, public domain) with seed 0. Every process must compute the same,
/// for ever: another hash is another ring.</summary>
public static class KeyHash
{
    private const ulong M = 0xc6a4a7935bd1e995;

    /// <summary>The hash of a ring key.</summary>
    public static ulong Compute(ReadOnlySpan<byte> key)
    {
        var hash = (ulong)key.Length * M;
        while (key.Length >= 8)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(key) * M;
            word ^= word >> 47;
            hash = (hash ^ (word * M)) * M;
            key = key[8..];
        }

        if (key.Length > 0)
        {
            ulong tail = 0;
            for (var i = key.Length - 1; i >= 0; i--)
            {
                tail = (tail << 8) | key[i];
            }

            hash = (hash ^ tail) * M;
        }

        hash = (hash ^ (hash >> 47)) * M;
        return hash ^ (hash >> 47);
    }
}
