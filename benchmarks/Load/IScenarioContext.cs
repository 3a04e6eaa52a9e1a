namespace InstaGrpc.Load;

/// <summary>What an iteration knows of its run.</summary>
public interface IScenarioContext
{
    string ScenarioName { get; }

    /// <summary>Counts the iterations of the scenario in this process, from 0.</summary>
    long InvocationNumber { get; }

    /// <summary>Of this iteration alone; its seed follows from the run's.</summary>
    Random Random { get; }

    /// <summary>Ends with the run.</summary>
    CancellationToken CancellationToken { get; }
}
