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
        new("instagram2011", "25 photos and 90 likes a second", InstagramScenario.Rate, false, false, InstagramScenario.Create),
        new("celebrity", "one whom all follow posts, and all look", 100, true, false, CelebrityScenario.Create),
        new("likestorm", "all like one post, and look at its count", 200, false, false, LikeStormScenario.Create),
        new("herd", "once a second all ask at once for what was just invalidated", 200, false, true, HerdScenario.Create),
        new("uploads", "photos uploaded, posted, and looked at", 10, false, false, UploadsScenario.Create),
    ];

    public static Entry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);
}
