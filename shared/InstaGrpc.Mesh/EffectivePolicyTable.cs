using System.Globalization;
using Google.Protobuf.Reflection;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal;
using Microsoft.Extensions.Configuration;

namespace InstaGrpc.Mesh;

/// <summary>The resolved policies with the operator's overrides in force: <c>insta contracts --effective</c>.</summary>
public static class EffectivePolicyTable
{
    /// <summary><see cref="PolicyTable.Render"/>, with a line for each override and for each that is refused.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">Holds <c>Insta:Methods</c> and <see cref="MeshOptions.DeadlineFloor"/>.</param>
    public static string Render(IEnumerable<ServiceDescriptor> services, IConfiguration configuration)
    {
        var overrides = configuration.GetSection(MethodOverrides.Section);
        var floor = configuration.GetValue<TimeSpan>($"{MeshOptions.Section}:{nameof(MeshOptions.DeadlineFloor)}");
        var catalog = ContractCatalog.Read(services, out var faults, floor);
        return faults.Count > 0 ? throw new InvalidContractsException(faults) : PolicyTable.Render(catalog, contract =>
        {
            var refused = new List<string>();
            var policy = MethodOverrides.Apply(contract, overrides.GetSection(contract.FullName), refused);
            return Changes(contract, policy).Select(line => "OVERRIDDEN: " + line).Concat(refused.Select(line => "REFUSED: " + line));
        });
    }

    private static IEnumerable<string> Changes(MethodContract contract, EffectivePolicy policy)
    {
        var declared = EffectivePolicy.Of(contract.Policy);
        if (policy.Deadline != declared.Deadline)
        {
            yield return Line($"deadline {policy.Deadline.TotalMilliseconds} ms");
        }

        if (policy.RateLimit is { } limit && limit != declared.RateLimit)
        {
            yield return Line($"rate limit {limit.PermitsPerSecond}/s, burst {limit.Burst}");
        }

        if (policy.SampleRatio is { } part)
        {
            yield return Line($"{part * 100} % of its traces kept");
        }

        if (policy.Cache is { } cache && cache != declared.Cache)
        {
            yield return cache.IsOn
                ? Line($"cached for {cache.Ttl.TotalSeconds} s, stale up to {cache.MaxStale.TotalMilliseconds} ms")
                    + Line($", in process for {cache.L1Ttl.TotalMilliseconds} ms")
                : "not cached";
        }
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
