namespace InstaGrpc.Load.Reports;

/// <summary>One second of a run. Times in milliseconds; null: not known. LagMs: until memcached was invalidated; CountsLagMs: until the projector had folded.</summary>
public sealed record RunSecond(
    int Second, long Ok, long Errors, double P50, double P95, double P99, double Max, long InFlight, double? HitRate, double? LagMs, double? CountsLagMs,
    double? QueriesPerSecond, double LateMs, double Cores);
