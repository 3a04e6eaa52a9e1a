namespace InstaGrpc.Robustness.Model.Stale;

/// <param name="Ticks">Ticks of the clock. <c>max_stale_ms</c> is one tick.</param>
/// <param name="Alone">
/// True: nobody comes between the look, the <c>ms C&lt;old&gt; I</c> and the <c>md I</c> of a process that keeps its value, and nobody
/// is so slow that its lease runs out. Then the number of refills after a change is bounded.
/// </param>
public sealed record StaleBounds(int Commits, int Ticks, int Evictions, bool Alone = false);
