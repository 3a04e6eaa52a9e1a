namespace InstaGrpc.Load.Workers;

/// <summary>What a worker has found, and what it has written: owner, and what of his was acknowledged.</summary>
internal sealed record WorkerResult(
    Dictionary<string, int> Violations, IReadOnlyList<string> Details, bool LagMeasured, Dictionary<long, long[]> Posts, Dictionary<long, long[]> Likes,
    Dictionary<long, long[]> Comments);
