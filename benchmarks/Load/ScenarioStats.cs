namespace InstaGrpc.Load;

/// <summary>Figures of a scenario at its end.</summary>
/// <param name="ScenarioName">Its name.</param>
/// <param name="Ok">Iterations that ended well.</param>
/// <param name="Fail">Those that did not.</param>
/// <param name="Latency">Of the former, from the intended start.</param>
/// <param name="Duration">Of the run.</param>
public sealed record ScenarioStats(string ScenarioName, long Ok, long Fail, LatencyStats Latency, TimeSpan Duration)
{
    /// <summary>0 to 100.</summary>
    public double FailPercent => Ok + Fail == 0 ? 0 : 100.0 * Fail / (Ok + Fail);

    /// <summary>What the scenario asked, and whether these figures satisfy it.</summary>
    public IReadOnlyDictionary<string, bool> Thresholds { get; init; } = new Dictionary<string, bool>();

    /// <summary>Iterations that ended well, a second.</summary>
    public double Rate => Ok / Duration.TotalSeconds;
}
