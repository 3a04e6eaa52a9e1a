namespace InstaGrpc.Mesh.Ops;

/// <summary>Answers of a cached method by where they came from (<c>insta_cache_reads_total</c>).</summary>
public sealed record OpsCache(string Method, long L1, long Memcached, long Stale, long Filled, long Uncached)
{
    /// <summary>Of two processes.</summary>
    public static OpsCache Sum(OpsCache one, OpsCache other) => new(
        one.Method, one.L1 + other.L1, one.Memcached + other.Memcached, one.Stale + other.Stale, one.Filled + other.Filled,
        one.Uncached + other.Uncached);
}
