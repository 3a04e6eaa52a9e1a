using InstaGrpc.Load.Mesh;

namespace InstaGrpc.Load.Scenarios;

/// <summary>One whom everybody follows posts now and then, and all look: 1 % posts, 39 % her profile, 60 % home feeds.</summary>
internal static class CelebrityScenario
{
    /// <summary>All but her, by Zipf's law.</summary>
    public static IDataFeed<Person> Readers(IReadOnlyList<Person> people) => DataFeed.Zipf([.. people.Skip(1)]);

    public static ScenarioProps Create(World world)
    {
        var readers = Readers(world.People);
        return Scenario.Create("celebrity", context =>
        {
            var (celebrity, reader, ct) = (world.People[0], readers.GetNextItem(context), context.CancellationToken);
            return context.Random.Next(100) switch
            {
                0 => Step.Run("post", context, async () => (await world.PostAsync(celebrity, [], ct).ConfigureAwait(false)).Response),
                < 40 => Step.Run("profile", context, () => world.ProfileAsync(reader, celebrity, ct)),
                _ => Step.Run("home", context, () => world.HomeAsync(reader, ct)),
            };
        });
    }
}
