namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>How much of the world one exploration contains.</summary>
/// <param name="Commits">Transactions on the node; commit 1 has position 1, and so on.</param>
/// <param name="Readers">Processes that read the key.</param>
/// <param name="Lineages">Invalidators; lineage n has owner number n, so with two of them 0 may turn into a zombie.</param>
/// <param name="Restarts">Restarts of memcached: everything is lost, and its CAS counter begins again at 1.</param>
/// <param name="Evictions">Items that memcached may throw away.</param>
public sealed record LeaseBounds(int Commits, int Readers, int Lineages, int Restarts, int Evictions)
{
    /// <summary>The commits that change the row; the others only move positions. All, unless said otherwise.</summary>
    public Func<int, bool> TouchesKey { get; init; } = _ => true;

    /// <summary>The commits that are a TRUNCATE: no key can be derived from them, so they begin a generation.</summary>
    public Func<int, bool> IsTruncate { get; init; } = _ => false;

    /// <summary><c>max_stale_ms: 0</c>: a change deletes the key instead of marking it.</summary>
    public bool Deletes { get; init; }

    public override string ToString() =>
        $"{Commits} commits ({string.Join(", ", Enumerable.Range(1, Commits).Select(Kind))}), {Readers} readers, {Lineages} lineages, "
        + $"{Restarts} restarts, {Evictions} evictions, {(Deletes ? "delete" : "mark")}";

    private string Kind(int commit) => IsTruncate(commit) ? "truncate" : TouchesKey(commit) ? "key" : "other";
}
