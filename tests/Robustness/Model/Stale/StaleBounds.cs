namespace InstaGrpc.Robustness.Model.Stale;

/// <param name="Ticks">Ticks of the clock. <c>max_stale_ms</c> is one tick.</param>
/// <param name="Alone">
/// True: nobody comes between the look, the <c>ms C&lt;old&gt; I</c> and the <c>md I</c> of a process that keeps its value.
/// </param>
/// <param name="MostRefills">How many handler runs a change may cost; 0: they are not counted. Counted, no lease runs out.</param>
public sealed record StaleBounds(int Commits, int Ticks, int Evictions, bool Alone = false, int MostRefills = 0);
