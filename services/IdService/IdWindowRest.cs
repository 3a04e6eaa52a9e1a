namespace InstaGrpc.Services.IdService;

/// <summary>What nobody has made ids in: the ms [<paramref name="Start"/>, <paramref name="End"/>) of a shard's window.</summary>
/// <param name="Shard">0 to 8191.</param>
/// <param name="Start">ms since the ids' epoch.</param>
/// <param name="End">The window's end, ms since the ids' epoch, exclusive.</param>
public readonly record struct IdWindowRest(int Shard, long Start, long End);
