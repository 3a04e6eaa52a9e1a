using InstaGrpc.Contracts;

namespace InstaGrpc.Caching;

/// <summary>How a cached method is served now: what its contract declares, narrowed by an operator.</summary>
/// <param name="IsOn">False: the kill switch; every read is uncached.</param>
/// <param name="Ttl">How long an entry lives.</param>
/// <param name="MaxStale">How long a marked value may be served; zero: never. Not above the contract's.</param>
/// <param name="L1Ttl">How long a copy stays in the process; zero: none.</param>
public sealed record CacheSettings(bool IsOn, TimeSpan Ttl, TimeSpan MaxStale, TimeSpan L1Ttl)
{
    // memcached takes more than 30 days for a date; a jittered TTL must stay below.
    private static readonly TimeSpan _longest = TimeSpan.FromDays(27);

    /// <summary>What the contract declares.</summary>
    public static CacheSettings Of(CachePolicy policy) => new(true, policy.Ttl, policy.MaxStale, policy.L1Ttl);

    /// <summary>Kept so many times as long; no copy where there is none.</summary>
    internal CacheSettings Prolonged(int factor) =>
        this with { Ttl = Ttl > _longest ? Ttl : Min(Ttl * factor, _longest), L1Ttl = Min(L1Ttl * factor, _longest) };

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
