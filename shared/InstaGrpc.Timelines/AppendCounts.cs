namespace InstaGrpc.Timelines;

/// <summary>What became of the appends of one batch.</summary>
/// <param name="Stored">Timelines that have the entry now.</param>
/// <param name="Cut">Timelines that were not there, or could not take the entry and are not there any more.</param>
public readonly record struct AppendCounts(int Stored, int Cut);
