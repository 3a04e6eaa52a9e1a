namespace InstaGrpc.Memcached;

/// <summary>The flags of an <c>md</c>. The default deletes the item.</summary>
public readonly record struct MetaDelete
{
    /// <summary>Marks an item instead of deleting it: <c>I T&lt;seconds&gt;</c>. Its value stays for those who may have it, the CAS
    /// changes, and the next reader wins the right to refill. On an absent key: <see cref="MetaStatus.NotFound"/>, and nothing is
    /// left.</summary>
    /// <param name="ttlSeconds">Seconds that the marked item lives from now; null: its time is left alone.</param>
    public static MetaDelete Mark(int? ttlSeconds = null) => new() { MarkStale = true, TtlSeconds = ttlSeconds };

    /// <summary><c>C</c>: only the item with this CAS; otherwise <see cref="MetaStatus.Exists"/>. Null: whatever is there.</summary>
    public ulong? Cas { get; init; }

    /// <summary><c>I</c>: mark instead of delete.</summary>
    public bool MarkStale { get; init; }

    /// <summary><c>T</c>: with <see cref="MarkStale"/>, seconds that the item lives from now. Null: its time is left alone.</summary>
    public int? TtlSeconds { get; init; }
}
