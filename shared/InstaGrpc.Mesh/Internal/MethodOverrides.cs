using System.Globalization;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using Microsoft.Extensions.Configuration;

namespace InstaGrpc.Mesh.Internal;

/// <summary>
/// Reads <c>Insta:Methods:&lt;full name&gt;:*</c>. An override narrows what the contract promises callers, never widens it: a longer
/// deadline, a longer staleness, a faster rate are refused. So is what is no number, and what nobody reads: a misspelt kill switch that
/// is silently ignored would be found at the worst moment.
/// </summary>
internal static class MethodOverrides
{
    public const string Section = "Insta:Methods";

    /// <summary>The policy with the overrides, and what was refused (the contract's own value stays then).</summary>
    public static EffectivePolicy Apply(MethodContract contract, IConfigurationSection section, List<string> faults)
    {
        var policy = contract.Policy;
        var effective = EffectivePolicy.Of(policy);
        foreach (var setting in Leaves(section))
        {
            var name = setting.Path[(section.Path.Length + 1)..];
            var value = setting.Value!;
            switch (name.ToLowerInvariant())
            {
                case "deadlinems" when Number(value, 1, out var ms):
                    effective = TimeSpan.FromMilliseconds(ms) is var deadline
                        && (policy.Deadline == Timeout.InfiniteTimeSpan || deadline <= policy.Deadline)
                        ? effective with { Deadline = deadline, IsOverridden = true }
                        : Refuse($"would widen the contract's {policy.Deadline.TotalMilliseconds:0}");
                    break;
                case "ratelimit:permitspersecond" when Rate(value, out var rate):
                    effective = policy.RateLimit is null || rate <= policy.RateLimit.PermitsPerSecond
                        ? effective with
                        {
                            RateLimit = new RateLimitPolicy(rate, effective.RateLimit?.Burst ?? (int)Math.Max(1, Math.Ceiling(rate))),
                            IsOverridden = true,
                        }
                        : Refuse(FormattableString.Invariant($"would widen the contract's {policy.RateLimit.PermitsPerSecond}"));
                    break;
                case "ratelimit:burst" when Number(value, 1, out var burst):
                    effective = effective.RateLimit is not { } limit
                        ? Refuse("needs RateLimit:PermitsPerSecond beside it")
                        : policy.RateLimit is null || burst <= policy.RateLimit.Burst
                            ? effective with { RateLimit = limit with { Burst = burst }, IsOverridden = true }
                            : Refuse($"would widen the contract's {policy.RateLimit.Burst}");
                    break;
                case "sampleratio" when Ratio(value, out var part):
                    // No promise to callers: any part will do.
                    effective = effective with { SampleRatio = part, IsOverridden = true };
                    break;
                case "cache:mode" or "cache:ttlseconds" or "cache:maxstalems" or "cache:l1ttlms" when effective.Cache is null:
                    Refuse(policy.Batch is { } batch ? $"has to be set at {batch.ItemMethod.FullName}"
                        : "is about a method that is not cached");
                    break;
                case "cache:mode" when value is "on" or "off":
                    effective = With(effective.Cache! with { IsOn = value == "on" });
                    break;
                case "cache:ttlseconds" when Number(value, 1, out var seconds):
                    effective = TimeSpan.FromSeconds(seconds) <= policy.Cache!.Ttl
                        ? With(effective.Cache! with { Ttl = TimeSpan.FromSeconds(seconds) })
                        : Refuse($"would widen the contract's {policy.Cache.Ttl.TotalSeconds:0}");
                    break;
                case "cache:maxstalems" when Number(value, 0, out var stale):
                    // Between 1 and 199 ms the protocol can't keep the promise of one refill an interval; 0 is always narrower.
                    effective = TimeSpan.FromMilliseconds(stale) > policy.Cache!.MaxStale
                        ? Refuse($"would widen the contract's {policy.Cache.MaxStale.TotalMilliseconds:0}")
                        : stale is > 0 and < 200
                            ? Refuse("must be 0 or at least 200")
                            : With(effective.Cache! with { MaxStale = TimeSpan.FromMilliseconds(stale) });
                    break;
                case "cache:l1ttlms" when Number(value, 0, out var l1):
                    effective = TimeSpan.FromMilliseconds(l1) <= policy.Cache!.L1Ttl
                        ? With(effective.Cache! with { L1Ttl = TimeSpan.FromMilliseconds(l1) })
                        : Refuse($"would widen the contract's {policy.Cache.L1Ttl.TotalMilliseconds:0}");
                    break;
                case "deadlinems" or "ratelimit:permitspersecond" or "ratelimit:burst" or "cache:mode" or "cache:ttlseconds"
                    or "cache:maxstalems" or "cache:l1ttlms" or "sampleratio":
                    Refuse($"cannot be \"{value}\"");
                    break;
                default:
                    Refuse("is no setting of a method; there are DeadlineMs, SampleRatio, RateLimit:PermitsPerSecond, RateLimit:Burst, "
                        + "Cache:Mode (on, off), "
                        + "Cache:TtlSeconds, Cache:MaxStaleMs and Cache:L1TtlMs");
                    break;
            }

            EffectivePolicy Refuse(string why)
            {
                faults.Add($"{setting.Path} = {value} {why}");
                return effective;
            }
        }

        return effective;

        EffectivePolicy With(CacheSettings cache) => effective with { Cache = cache, IsOverridden = true };
    }

    // PermitsPerSecond before Burst whatever their order in the file.
    private static IEnumerable<IConfigurationSection> Leaves(IConfigurationSection section) => section.GetChildren()
        .SelectMany(child => child.Value is null ? Leaves(child) : [child])
        .OrderByDescending(leaf => leaf.Key, StringComparer.OrdinalIgnoreCase);

    private static bool Number(string text, int least, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least;

    private static bool Rate(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value is > 0 and <= 1_000_000;

    private static bool Ratio(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1;
}
