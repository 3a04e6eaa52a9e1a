namespace InstaGrpc.Load.Scenarios;

/// <summary>60 % home feeds, 30 % profiles, 10 % posts: the mix of DeathStarBench's social network.</summary>
internal static class MixedScenario
{
    public static ScenarioProps Create(World world) => Scenario.Create("mixed", context =>
    {
        var (person, ct) = (world.Popular.GetNextItem(context), context.CancellationToken);
        return context.Random.Next(10) switch
        {
            < 6 => Step.Run("home", context, () => world.HomeAsync(person, ct)),
            < 9 => Step.Run("profile", context, () => world.ProfileAsync(person, world.Popular.GetNextItem(context), ct)),
            _ => Step.Run("post", context, async () => (await world.PostAsync(person, [], ct).ConfigureAwait(false)).Response),
        };
    });
}
