namespace InstaGrpc.Caching;

/// <summary>Where an answer came from.</summary>
public enum CacheLevel
{
    /// <summary>A handler run that the cache had no part in (<see cref="CacheAnswer.Uncached"/> says why).</summary>
    Uncached,

    /// <summary>The copy in this process.</summary>
    L1,

    /// <summary>memcached.</summary>
    Memcached,

    /// <summary>memcached; the value is marked, and the contract allows it for a while.</summary>
    Stale,

    /// <summary>A handler run under a lease, started by this caller or by another in this process.</summary>
    Filled,
}
