namespace InstaGrpc.Contracts;

/// <summary>A token bucket for each caller in each process.</summary>
/// <param name="PermitsPerSecond">How fast the bucket fills; above 0.</param>
/// <param name="Burst">How many permits it holds; at least 1.</param>
public sealed record RateLimitPolicy(double PermitsPerSecond, int Burst);
