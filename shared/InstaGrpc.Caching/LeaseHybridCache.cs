using InstaGrpc.Memcached;
using Microsoft.Extensions.Caching.Hybrid;

namespace InstaGrpc.Caching;

/// <summary>
/// .NET's <see cref="HybridCache"/> over the leased entries of <see cref="LeaseCache"/>: a missing key runs one factory over all processes of the
/// region, and what was removed while a factory ran is not written over by its older result.
/// </summary>
/// <remarks>
/// <para>Nothing here knows the source's tables: entries go when they are removed or expire. For answers that follow the database by themselves declare a
/// <c>cache</c> in a contract instead.</para>
/// <para>What of the API means what: <see cref="HybridCacheEntryOptions.Expiration"/> is the entry's time to live, rounded up to seconds, 30 days at most.
/// There is no copy in the process, so <see cref="HybridCacheEntryOptions.LocalCacheExpiration"/> and the flags about the local cache say nothing; nor is
/// anything compressed. Tags are not supported, and say so. A factory that runs longer than <see cref="LeaseCache.LeaseTime"/> loses its right: another
/// caller's may begin. Where memcached, or the stream that vouches for it, is away, every caller runs the factory. A value over
/// <see cref="LeaseCache.MaxValueBytes"/> is returned and not kept.</para>
/// </remarks>
/// <param name="cache">Where entries live.</param>
/// <param name="name">The namespace of the keys: 1 to 32 of [a-z0-9._-]. Processes that share entries use the same.</param>
/// <param name="serializers">How values become bytes.</param>
/// <param name="defaultExpiration">For entries without options.</param>
public sealed class LeaseHybridCache(LeaseCache cache, string name, HybridCacheSerializers serializers, TimeSpan defaultExpiration) : HybridCache
{
    private const HybridCacheEntryFlags NoRead = HybridCacheEntryFlags.DisableDistributedCacheRead;
    private const HybridCacheEntryFlags NoWrite = HybridCacheEntryFlags.DisableDistributedCacheWrite;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Tags were given.</exception>
    public override async ValueTask<T> GetOrCreateAsync<TState, T>(
        string key, TState state, Func<TState, CancellationToken, ValueTask<T>> factory, HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null, CancellationToken cancellationToken = default)
    {
        RefuseTags(tags);
        var flags = options?.Flags ?? HybridCacheEntryFlags.None;
        var full = KeyOf(key);
        if ((flags & NoRead) != 0)
        {
            var made = await CreateAsync(state, factory, flags, cancellationToken).ConfigureAwait(false);
            if ((flags & (NoWrite | HybridCacheEntryFlags.DisableUnderlyingData)) == 0)
            {
                await StoreAsync(full, made, options, cancellationToken).ConfigureAwait(false);
            }

            return made;
        }

        while (true)
        {
            switch (await cache.GetAsync(full, LeaseCache.LeaseTime, TimeSpan.Zero, cancellation: cancellationToken).ConfigureAwait(false))
            {
                case LeaseAnswer.Hit hit:
                    return serializers.Read<T>(hit.Value);
                case LeaseAnswer.Lease lease:
                    return await FillAsync(full, lease, state, factory, options, cancellationToken).ConfigureAwait(false);
                default:
                    // Somebody else's factory still runs. Its lease ends, so this does too; the caller's patience is his token.
                    cancellationToken.ThrowIfCancellationRequested();
                    break;
            }
        }
    }

    /// <summary>Stores a value that the caller has just written to its source. A reader who began before does not write over it. If another reader takes the
    /// lease in between, it is his value, read from the source after this call began, that is kept.</summary>
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Tags were given.</exception>
    public override async ValueTask SetAsync<T>(
        string key, T value, HybridCacheEntryOptions? options = null, IEnumerable<string>? tags = null, CancellationToken cancellationToken = default)
    {
        RefuseTags(tags);
        if (((options?.Flags ?? HybridCacheEntryFlags.None) & NoWrite) == 0)
        {
            await StoreAsync(KeyOf(key), value, options, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="MemcachedException">A server could not be asked: the entry may still be there.</exception>
    public override ValueTask RemoveAsync(string key, CancellationToken cancellationToken = default) =>
        cache.InvalidateAsync([KeyOf(key)], cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="MemcachedException">A server could not be asked: some entries may still be there.</exception>
    public override ValueTask RemoveAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default) =>
        cache.InvalidateAsync([.. keys.Select(KeyOf)], cancellationToken);

    /// <summary>Not supported: it would cost every hit a look at its tags.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override ValueTask RemoveByTagAsync(string tag, CancellationToken cancellationToken = default) => throw Tags();

    private static NotSupportedException Tags() =>
        new("This HybridCache keeps no tags: remove entries by their keys, or declare a cache with depends_on in a contract.");

    private static void RefuseTags(IEnumerable<string>? tags)
    {
        if (tags?.Any() == true)
        {
            throw Tags();
        }
    }

    private static ValueTask<T> CreateAsync<TState, T>(
        TState state, Func<TState, CancellationToken, ValueTask<T>> factory, HybridCacheEntryFlags flags, CancellationToken cancellation) =>
        (flags & HybridCacheEntryFlags.DisableUnderlyingData) != 0 ? new(default(T)!) : factory(state, cancellation);

    private async ValueTask<T> FillAsync<TState, T>(
        string key, LeaseAnswer.Lease lease, TState state, Func<TState, CancellationToken, ValueTask<T>> factory, HybridCacheEntryOptions? options,
        CancellationToken cancellation)
    {
        var flags = options?.Flags ?? HybridCacheEntryFlags.None;
        var filled = false;
        try
        {
            var value = await CreateAsync(state, factory, flags, cancellation).ConfigureAwait(false);
            if ((flags & (NoWrite | HybridCacheEntryFlags.DisableUnderlyingData)) == 0 && serializers.TryWrite(value, out var bytes))
            {
                // Also when the fill is refused: something was removed meanwhile, and the lease with it.
                filled = true;
                await cache.FillAsync(key, lease.Token, bytes, TtlOf(options), cancellation).ConfigureAwait(false);
            }

            return value;
        }
        finally
        {
            if (!filled)
            {
                // Whoever waits runs its own factory now, not when the lease ends.
                await cache.GiveBackAsync(key, lease.Token).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask StoreAsync<T>(string key, T value, HybridCacheEntryOptions? options, CancellationToken cancellation)
    {
        // First the mark, so that no factory that runs now writes over the value; then the lease that the mark set free.
        await cache.InvalidateAsync([key], cancellation).ConfigureAwait(false);
        if (serializers.TryWrite(value, out var bytes)
            && await cache.GetAsync(key, TimeSpan.Zero, TimeSpan.Zero, cancellation: cancellation).ConfigureAwait(false) is LeaseAnswer.Lease lease)
        {
            await cache.FillAsync(key, lease.Token, bytes, TtlOf(options), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private TimeSpan TtlOf(HybridCacheEntryOptions? options) => options?.Expiration ?? defaultExpiration;

    private string KeyOf(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return $"{name}/{key}";
    }
}
