namespace InstaGrpc.Load;

/// <summary>What a scenario's figures must satisfy.</summary>
/// <param name="Name">What is asked, e.g. "p99 at most 500 ms".</param>
/// <param name="Check">Whether the figures at the end satisfy it.</param>
public sealed record Threshold(string Name, Func<ScenarioStats, bool> Check)
{
    public static Threshold Create(string name, Func<ScenarioStats, bool> check) => new(name, check);
}
