using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>A key as memcached holds it, generation and (of a page) version included: what flights and waits of this process are known by.</summary>
internal readonly struct EntryName(byte[] key) : IEquatable<EntryName>
{
    public byte[] Key { get; } = key;

    public ulong Hash { get; } = KeyHash.Compute(key);

    public bool Equals(EntryName other) => Hash == other.Hash && Key.AsSpan().SequenceEqual(other.Key);

    public override bool Equals(object? obj) => obj is EntryName other && Equals(other);

    public override int GetHashCode() => (int)Hash;
}
