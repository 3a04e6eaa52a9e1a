namespace InstaGrpc.Load.Scenarios;

/// <summary>The rates that Instagram told of in 2011: 25 photos and 90 likes a second. Some look at once at what they wrote.</summary>
internal static class InstagramScenario
{
    private const int Photos = 25;
    private const int Likes = 90;

    /// <summary>Of so many who wrote, one looks at once whether it is there.</summary>
    private const int LooksOneIn = 10;

    public static double Rate => Photos + Likes;

    public static ScenarioProps Create(World world)
    {
        var (pictures, posts) = (new Pictures(), new PostRing(2000));
        return Scenario.Create("instagram2011", async context =>
        {
            var (person, ct) = (world.Popular.GetNextItem(context), context.CancellationToken);
            var media = context.Random.Next(Photos + Likes) < Photos ? 0 : posts.Draw(context.Random);
            var looks = context.Random.Next(LooksOneIn) == 0;
            if (media != 0)
            {
                var liked = await Step.Run("like", context, () => world.LikeAsync(person, media, ct)).ConfigureAwait(false);
                return liked.IsError || !looks ? liked : await Step.Run("liked", context, () => world.HasLikedAsync(person, media, ct)).ConfigureAwait(false);
            }

            var posted = await Step.Run("photo", context, async () =>
            {
                var blob = await pictures.UploadAsync(world.Mesh, person, context.Random, ct).ConfigureAwait(false);
                var (response, made) = await world.PostAsync(person, [blob], ct).ConfigureAwait(false);
                posts.Add(made);
                return response;
            }).ConfigureAwait(false);
            return posted.IsError || !looks ? posted : await Step.Run("profile", context, () => world.ProfileAsync(person, person, ct)).ConfigureAwait(false);
        }).WithInit(_ => pictures.PrepareAsync());
    }
}
