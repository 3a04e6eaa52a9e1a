namespace InstaGrpc.Load.Scenarios;

/// <summary>The scenarios that there are.</summary>
internal static class ScenarioCatalog
{
    /// <param name="Name">As it is asked for.</param>
    /// <param name="About">What it does, in one line.</param>
    /// <param name="Rate">Iterations a second unless told.</param>
    /// <param name="Celebrity">Whether everybody follows the first user.</param>
    /// <param name="Bursts">Whether all iterations of a second come at once.</param>
    /// <param name="Create">Makes it.</param>
    internal sealed record Entry(string Name, string About, double Rate, bool Celebrity, bool Bursts, Func<World, ScenarioProps> Create);

    public static IReadOnlyList<Entry> All { get; } =
    [
        new("mixed", "60 % home feeds, 30 % profiles, 10 % posts", 100, false, false, MixedScenario.Create),
    ];

    public static Entry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);
}
