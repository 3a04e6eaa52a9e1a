namespace InstaGrpc.Memcached;

/// <summary>The flags of an <c>ms</c>. The default stores unconditionally and for ever.</summary>
public readonly record struct MetaSet
{
    /// <summary>Stores unconditionally and for ever.</summary>
    public MetaSet()
    {
    }

    /// <summary>What an item that is there, or is not, means for the write. <see cref="MetaSetMode.Set"/> by default.</summary>
    public MetaSetMode Mode { get; init; }

    /// <summary><c>C</c>: only over the item with this CAS; otherwise <see cref="MetaStatus.Exists"/>, or <see cref="MetaStatus.NotFound"/>
    /// if there is none. Null: unconditionally.</summary>
    public ulong? Cas { get; init; }

    /// <summary><c>I</c>: with a <see cref="Cas"/> that is older than the item's, store all the same and leave the item marked. The
    /// answer is then <see cref="MetaStatus.Hit"/>, as for a good fill. A CAS above the item's is still
    /// <see cref="MetaStatus.Exists"/>.</summary>
    public bool KeepAsStale { get; init; }

    /// <summary><c>T</c>: whole seconds to live. 0 (the default): for ever. Negative: gone at once.</summary>
    public int TtlSeconds { get; init; }

    /// <summary><c>F</c>: 32 bits that a reader may ask for. 0 by default.</summary>
    public uint ClientFlags { get; init; }

    /// <summary><c>c</c>: return the item's new CAS. A quiet write that succeeds says nothing, so in a pipeline this needs a write that is
    /// not quiet.</summary>
    public bool ReturnCas { get; init; }
}
