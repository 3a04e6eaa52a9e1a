namespace InstaGrpc.Load;

/// <summary>A scenario: what one iteration does, and how many of them come when.</summary>
public sealed record ScenarioProps(string Name, Func<IScenarioContext, Task<Response>> Run)
{
    /// <summary>One after the other; one iteration a second for a minute unless told.</summary>
    public IReadOnlyList<LoadSimulation> LoadSimulations { get; init; } = [Simulation.Inject(1, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1))];

    /// <summary>Judged at the end: <see cref="ScenarioStats.Thresholds"/>.</summary>
    public IReadOnlyList<Threshold> Thresholds { get; init; } = [];

    /// <summary>The first simulation runs so long before anything is counted.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>Before the first iteration.</summary>
    public Func<CancellationToken, Task>? Init { get; init; }

    /// <summary>After the last one.</summary>
    public Func<CancellationToken, Task>? Clean { get; init; }

    public ScenarioProps WithLoadSimulations(params LoadSimulation[] simulations) => this with { LoadSimulations = simulations };

    public ScenarioProps WithThresholds(params Threshold[] thresholds) => this with { Thresholds = thresholds };

    public ScenarioProps WithWarmUpDuration(TimeSpan duration) => this with { WarmUp = duration };

    public ScenarioProps WithoutWarmUp() => this with { WarmUp = TimeSpan.Zero };

    public ScenarioProps WithInit(Func<CancellationToken, Task> init) => this with { Init = init };

    public ScenarioProps WithClean(Func<CancellationToken, Task> clean) => this with { Clean = clean };
}
