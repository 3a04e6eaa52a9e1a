using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>What <see cref="CacheInspector"/> saw of one request.</summary>
public sealed record CacheInspection
{
    /// <summary>The key as memcached holds it; without a generation while there is no watermark; null while the contract is not announced.</summary>
    public string? Key { get; init; }

    /// <summary>The server that owns the key.</summary>
    public string? Server { get; init; }

    /// <summary>The contract's number here; null: not announced, or refused on this node.</summary>
    public ContractNumber? Contract { get; init; }

    /// <summary>The node's watermark on this server; null: none.</summary>
    public Watermark? Watermark { get; init; }

    /// <summary>How far invalidation lags; null: unknown.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>What memcached says of the item; null: there is none.</summary>
    public MetaDebug? Item { get; init; }

    /// <summary>"absent", "leased" (a stub), "valid", "marked".</summary>
    public string State { get; init; } = "absent";

    /// <summary>Whether a read without a token would be answered by memcached.</summary>
    public bool WouldHit { get; init; }

    /// <summary>Why, in one sentence.</summary>
    public required string Because { get; init; }
}
