using InstaGrpc.Contracts;

namespace InstaGrpc.Caching;

/// <summary>A method whose contract declares a cache. Made once for each process by <see cref="CachedReads.For"/>.</summary>
public sealed class CachedMethod
{
    private CacheSettings _settings;

    internal CachedMethod(MethodContract contract)
    {
        Contract = contract;
        Policy = contract.Policy.Cache ?? throw new ArgumentException($"{contract.FullName} declares no cache.", nameof(contract));
        _settings = CacheSettings.Of(Policy);
    }

    /// <summary>The contract.</summary>
    public MethodContract Contract { get; }

    /// <summary>What the contract declares.</summary>
    public CachePolicy Policy { get; }

    /// <summary>How it is served now. Takes effect with the next read.</summary>
    /// <exception cref="ArgumentException">The value widens what the contract promises to callers.</exception>
    public CacheSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set
        {
            if (value.MaxStale > Policy.MaxStale)
            {
                throw new ArgumentException(
                    $"{Contract.FullName} promises max_stale_ms {Policy.MaxStale.TotalMilliseconds:0}; {value.MaxStale.TotalMilliseconds:0} would widen it.");
            }

            Volatile.Write(ref _settings, value);
        }
    }
}
