using System.Collections.Frozen;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>What is serving.</summary>
/// <param name="IsReady">Whether the process takes calls.</param>
/// <param name="Services">Whether each service is serving, by full name.</param>
/// <param name="Missing">What is not there, and why.</param>
internal sealed record HealthState(bool IsReady, FrozenDictionary<string, bool> Services, IReadOnlyList<MissingDependency> Missing)
{
    public bool IsSameAs(HealthState other) => IsReady == other.IsReady && Missing.SequenceEqual(other.Missing)
        && Services.Count == other.Services.Count
            && Services.All(s => other.Services.TryGetValue(s.Key, out var serving) && serving == s.Value);
}
