namespace InstaGrpc.Load.Reports;

/// <summary>Figures of a step over the whole run.</summary>
/// <param name="Name">The step; "all": iterations as a whole.</param>
/// <param name="Ok">Ended well.</param>
/// <param name="Errors">Did not.</param>
/// <param name="Rate">Ended well, a second.</param>
/// <param name="Latency">Of those that ended well.</param>
/// <param name="Codes">Errors by status code.</param>
/// <param name="Histogram">Pairs: up to so many ms, so many answers.</param>
public sealed record RunStep(
    string Name, long Ok, long Errors, double Rate, LatencyStats Latency, IReadOnlyDictionary<string, long> Codes, IReadOnlyList<double[]> Histogram);
