using System.Collections.Concurrent;

namespace InstaGrpc.Load.Oracle;

/// <summary>Answers that broke a promise.</summary>
internal sealed class Violations
{
    private const int KeptOfAKind = 20;

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _kept = new();

    public IReadOnlyDictionary<string, int> Counts => _counts;

    /// <summary>The first ones of each kind.</summary>
    public IReadOnlyCollection<string> Kept => _kept;

    public int Total => _counts.Values.Sum();

    /// <param name="kind">"own write missing", "stale", "counts backwards".</param>
    /// <param name="what">Who saw what, and what he should have seen.</param>
    public void Add(string kind, string what)
    {
        if (_counts.AddOrUpdate(kind, 1, static (_, count) => count + 1) <= KeptOfAKind) _kept.Enqueue($"{kind}: {what}");
    }
}
