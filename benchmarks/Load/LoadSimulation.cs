namespace InstaGrpc.Load;

/// <summary>How iterations come for a while; made by <see cref="Simulation"/>.</summary>
public sealed record LoadSimulation
{
    internal LoadSimulation()
    {
    }

    /// <summary>How long.</summary>
    public required TimeSpan During { get; init; }

    internal SimulationKind Kind { get; init; }

    /// <summary>Of an open simulation: iterations in each interval, at its end where it ramps. Of a closed one: copies.</summary>
    internal double Count { get; init; }

    /// <summary>Of a random one: fewest iterations in an interval.</summary>
    internal double Least { get; init; }

    internal TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether iterations come by the clock, however slow the answers are.</summary>
    internal bool IsOpen => Kind is not (SimulationKind.KeepConstant or SimulationKind.RampingConstant);

    /// <summary>The same for one of several processes, which share the iterations.</summary>
    internal LoadSimulation Share(int processes) => this with { Count = Count / processes, Least = Least / processes };
}
