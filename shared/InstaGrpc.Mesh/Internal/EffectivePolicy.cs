using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal;

/// <summary>A method's policy with the operator's overrides in force.</summary>
/// <param name="Deadline">The server's ceiling; infinite for a stream without one.</param>
/// <param name="RateLimit">Null: no limit.</param>
/// <param name="Cache">Null: the method is not cached by a key of its own.</param>
/// <param name="SampleRatio">Which part of its calls that begin a trace is kept, 0 to 1; null: that of the process (Insta:Otlp).</param>
/// <param name="IsOverridden">Whether any of it differs from the contract.</param>
internal sealed record EffectivePolicy(TimeSpan Deadline, RateLimitPolicy? RateLimit, CacheSettings? Cache, double? SampleRatio, bool IsOverridden)
{
    public static EffectivePolicy Of(MethodPolicy policy) =>
        new(policy.Deadline, policy.RateLimit, policy.Cache is { } cache ? CacheSettings.Of(cache) : null, null, false);
}
