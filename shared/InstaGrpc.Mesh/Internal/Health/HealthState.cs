using System.Collections.Frozen;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>What is serving.</summary>
/// <param name="IsReady">Whether the process takes calls.</param>
/// <param name="Services">Whether each service is serving, by full name.</param>
/// <param name="Missing">What is not there, and why.</param>
internal sealed record HealthState(bool IsReady, FrozenDictionary<string, bool> Services, IReadOnlyList<MissingDependency> Missing)
{
    private static readonly MissingDependency s_stopping = new("process", "is stopping");

    /// <summary>The last state of a process: asked to stop, it takes nothing new.</summary>
    public static HealthState Stopping(IEnumerable<string> services) =>
        new(false, services.ToFrozenDictionary(static name => name, static _ => false), [s_stopping]);

    /// <summary>Whether it is the last one.</summary>
    public bool IsStopping => Missing is [var only] && ReferenceEquals(only, s_stopping);

    public bool IsSameAs(HealthState other) => IsReady == other.IsReady && Missing.SequenceEqual(other.Missing)
        && Services.Count == other.Services.Count
            && Services.All(s => other.Services.TryGetValue(s.Key, out var serving) && serving == s.Value);
}
