namespace InstaGrpc.Contracts;

/// <summary>How a client repeats a call that failed with UNAVAILABLE.</summary>
/// <param name="MaxAttempts">Attempts in all, 2 to 5.</param>
/// <param name="InitialBackoff">First pause, doubled each time, with jitter.</param>
/// <param name="MaxBackoff">Longest pause.</param>
public sealed record RetryPolicy(int MaxAttempts, TimeSpan InitialBackoff, TimeSpan MaxBackoff);
