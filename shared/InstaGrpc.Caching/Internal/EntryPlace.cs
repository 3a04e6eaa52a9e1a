using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>Where an entry lies, whatever its generation and version.</summary>
/// <param name="Method">Method and node.</param>
/// <param name="Slot">The watermark of the server that owns it.</param>
/// <param name="Ring">The ring key: the entry's, or its list's.</param>
/// <param name="RingHash">The ring's hash of it: drops name it.</param>
/// <param name="Page">The fields that tell pages apart; null: no list.</param>
/// <param name="Settings">How the method is served now.</param>
internal sealed record EntryPlace(MethodOnNode Method, WatermarkSlot Slot, byte[] Ring, ulong RingHash, byte[]? Page, CacheSettings Settings)
{
    private byte[]? _identity;

    public MemcachedServer Server => Slot.Server;

    public CacheRuntime Runtime => Method.Node.Runtime;

    /// <summary>The ring key with a generation: the entry's key, or its list's.</summary>
    public byte[] Under(ulong generation)
    {
        var key = new byte[Ring.Length + KeyLayout.GenerationBytes];
        KeyLayout.InsertGeneration(Ring, Method.GenerationAt, generation, key);
        return key;
    }

    /// <summary>What its copy in the process is known by.</summary>
    public byte[] Identity => _identity ??= Page is null ? Ring : [.. Ring, (byte)'|', .. Page];
}
