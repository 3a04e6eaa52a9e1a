namespace InstaGrpc.Load.Internal;

/// <summary>What a step, or a whole scenario (its step ""), did since the last look.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Step">The step; empty: iterations as a whole.</param>
/// <param name="Ok">Ended well.</param>
/// <param name="Fails">Others, by status code.</param>
/// <param name="Latency">Of those that ended well; <see cref="LatencyHistogram.Pack"/>.</param>
internal sealed record StepFigures(string Scenario, string Step, long Ok, Dictionary<string, long> Fails, double[] Latency);
