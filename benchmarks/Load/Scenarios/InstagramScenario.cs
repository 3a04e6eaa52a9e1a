namespace InstaGrpc.Load.Scenarios;

/// <summary>The rates that Instagram told of in 2011: 25 photos and 90 likes a second.</summary>
internal static class InstagramScenario
{
    private const int Photos = 25;
    private const int Likes = 90;

    public static double Rate => Photos + Likes;

    public static ScenarioProps Create(World world)
    {
        var (pictures, posts) = (new Pictures(), new PostRing(2000));
        return Scenario.Create("instagram2011", async context =>
        {
            var (person, ct) = (world.Popular.GetNextItem(context), context.CancellationToken);
            var media = context.Random.Next(Photos + Likes) < Photos ? 0 : posts.Draw(context.Random);
            if (media != 0) return await Step.Run("like", context, () => world.LikeAsync(person, media, ct)).ConfigureAwait(false);
            return await Step.Run("photo", context, async () =>
            {
                var blob = await pictures.UploadAsync(world.Mesh, person, context.Random, ct).ConfigureAwait(false);
                var (response, made) = await world.PostAsync(person, [blob], ct).ConfigureAwait(false);
                posts.Add(made);
                return response;
            }).ConfigureAwait(false);
        }).WithInit(_ => pictures.PrepareAsync());
    }
}
