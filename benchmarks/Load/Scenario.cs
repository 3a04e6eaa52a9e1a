namespace InstaGrpc.Load;

/// <summary>Makes scenarios: <c>Scenario.Create("reads", async context => Response.Ok())</c>.</summary>
public static class Scenario
{
    /// <param name="name">Shown in reports.</param>
    /// <param name="run">One iteration. What it throws counts as a failure.</param>
    public static ScenarioProps Create(string name, Func<IScenarioContext, Task<Response>> run) => new(name, run);
}
