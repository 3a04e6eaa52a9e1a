using System.Text;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Keys;

/// <summary>The key of an entry, or of a list's version item, before its generation is known. The ring hashes these bytes, so that a key stays on its
/// server when a new generation begins.</summary>
public readonly struct CacheKey
{
    internal CacheKey(byte[] ring, int generationAt)
    {
        Ring = ring;
        GenerationAt = generationAt;
        Hash = KeyHash.Compute(ring);
    }

    /// <summary>The key without its generation.</summary>
    public ReadOnlyMemory<byte> Ring { get; }

    /// <summary>The ring's hash of <see cref="Ring"/>: what drops of copies name.</summary>
    public ulong Hash { get; }

    internal int GenerationAt { get; }

    /// <summary>Bytes of <see cref="Under"/>.</summary>
    public int Length => Ring.Length + KeyLayout.GenerationBytes;

    /// <summary>The key under which memcached holds it in this generation.</summary>
    public byte[] Under(ulong generation)
    {
        var key = new byte[Length];
        WriteUnder(generation, key);
        return key;
    }

    /// <summary>The same, into memory of the caller's.</summary>
    /// <param name="generation">The watermark's.</param>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public int WriteUnder(ulong generation, Span<byte> destination) =>
        KeyLayout.InsertGeneration(Ring.Span, GenerationAt, generation, destination);

    /// <inheritdoc/>
    public override string ToString() => Encoding.ASCII.GetString(Ring.Span);
}
