namespace InstaGrpc.Load.Workers;

/// <summary>What a worker has found, and what it has written: owner, and what of his was acknowledged.
/// <see cref="Seconds"/>: how long its load lasted.</summary>
internal sealed record WorkerResult(
    Dictionary<string, int> Violations, IReadOnlyList<string> Details, double Seconds, bool LagMeasured,
    Dictionary<long, long[]> Posts, Dictionary<long, long[]> Likes, Dictionary<long, long[]> Comments);
