using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Leased entries under the callers' own keys ("namespace/key"), invalidated by hand; what <c>LeaseCacheService</c> serves. Generation and lag are
/// those of the directory's watermark.</summary>
public sealed class LeaseCache
{
    /// <summary>Largest value, in bytes: memcached's limit of an item without key and headers.</summary>
    public const int MaxValueBytes = 1024 * 1024 - 1024;

    /// <summary>Makes it.</summary>
    /// <param name="pool">The region's servers.</param>
    /// <param name="clock">PostgreSQL's clock; that of the directory is used.</param>
    /// <param name="directory">The directory's node.</param>
    /// <param name="options">Prefix and lag.</param>
    /// <param name="time">The process's monotonic clock; null: the system's.</param>
    public LeaseCache(MemcachedPool pool, INodeClock clock, NodeName directory, CacheOptions options, TimeProvider? time = null) =>
        throw new NotImplementedException();

    /// <summary>A value, a stale one, the lease to fill it, or word that somebody else is filling it.</summary>
    /// <param name="key">"namespace/key"; not empty.</param>
    /// <param name="wait">How long to wait for somebody else's fill.</param>
    /// <param name="maxStale">How old a marked value may be; zero: never.</param>
    /// <param name="token">The directory's position that the answer must include; null: any.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public ValueTask<LeaseAnswer> GetAsync(
        string key, TimeSpan wait, TimeSpan maxStale, TokenPosition? token = null, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Fills a lease. False: it was lost, and the value is not kept.</summary>
    /// <param name="key">As for <see cref="GetAsync"/>.</param>
    /// <param name="leaseToken">From <see cref="LeaseAnswer.Lease"/>.</param>
    /// <param name="value">At most <see cref="MaxValueBytes"/>; null: there is no such thing.</param>
    /// <param name="ttl">Whole seconds, 1 s to 30 days.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArgumentException">The token is none, or the value too large; nothing was sent.</exception>
    public ValueTask<bool> FillAsync(
        string key, ReadOnlyMemory<byte> leaseToken, ReadOnlyMemory<byte>? value, TimeSpan ttl, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Marks the keys. When it returns, no reader gets what was filled or being filled before, unless it allows stale values.</summary>
    /// <exception cref="MemcachedException">A server could not be asked; its keys may be unmarked.</exception>
    public ValueTask InvalidateAsync(IReadOnlyList<string> keys, CancellationToken cancellation = default) => throw new NotImplementedException();
}
