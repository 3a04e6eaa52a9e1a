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

    /// <summary>How far the invalidation of this server is behind PostgreSQL's clock; null: no watermark, or the clock is not known.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>"absent", "leased" (a reader fills it), "valid", "marked" (nobody refills it yet),
    /// "refilling" (marked, and a reader refills it), "foreign" (no entry that this build can read).</summary>
    public string State { get; init; } = "absent";

    /// <summary>Time since the value was read from PostgreSQL, by PostgreSQL's clock; null: no value, or the clock is not known.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Seconds that the item has to live, -1 for ever; null: there is none.</summary>
    public int? ExpiresInSeconds { get; init; }

    /// <summary>Bytes of the answer that is kept; 0 also for a NOT_FOUND that is kept. Null: there is no value.</summary>
    public int? AnswerBytes { get; init; }

    /// <summary>Whether a read without a token would be answered by memcached.</summary>
    public bool WouldHit { get; init; }

    /// <summary>Why, in one sentence.</summary>
    public required string Because { get; init; }
}
