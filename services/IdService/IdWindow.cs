namespace InstaGrpc.Services.IdService;

/// <summary>The ms [<paramref name="Start"/>, <paramref name="End"/>) of one shard, which one generator owns for good: windows of a shard
/// never overlap, so two generators never make the same id, whatever their clocks do.</summary>
/// <param name="Start">ms since the ids' epoch.</param>
/// <param name="End">ms since the ids' epoch, exclusive.</param>
/// <param name="DatabaseNow">The directory's clock when the window was granted, ms since the ids' epoch.</param>
public readonly record struct IdWindow(long Start, long End, long DatabaseNow);
