namespace InstaGrpc.Load.Scenarios;

/// <summary>Everybody likes one post, one after the other; a fifth of the calls look at its count, and some at their own like. When all have liked it, the next
/// post is there.</summary>
internal static class LikeStormScenario
{
    private const int LooksOneIn = 10;

    public static ScenarioProps Create(World world)
    {
        var gate = new Lock();
        var (media, likers) = (0L, 0);
        Task<long>? next = null;
        return Scenario.Create("likestorm", async context =>
        {
            var ct = context.CancellationToken;
            if (Volatile.Read(ref media) != 0 && context.Random.Next(5) == 0)
            {
                return await Step.Run("count", context, () => world.CountLikesAsync(world.Popular.GetNextItem(context), Volatile.Read(ref media), ct))
                    .ConfigureAwait(false);
            }

            Task<long> hot;
            int liker;
            lock (gate)
            {
                if (next is null || likers == world.People.Count) (next, likers) = (PostAsync(ct), 0);
                (hot, liker) = (next, likers++);
            }

            var (post, person) = (0L, world.People[liker]);
            var liked = await Step.Run("like", context, async () =>
            {
                post = await hot.ConfigureAwait(false);
                return post == 0 ? Response.Fail("NoPost", "the post could not be made") : await world.LikeAsync(person, post, ct).ConfigureAwait(false);
            }).ConfigureAwait(false);
            return liked.IsError || context.Random.Next(LooksOneIn) > 0
                ? liked
                : await Step.Run("liked", context, () => world.HasLikedAsync(person, post, ct)).ConfigureAwait(false);
        });

        async Task<long> PostAsync(CancellationToken ct)
        {
            var (_, made) = await world.PostAsync(world.People[0], [], ct).ConfigureAwait(false);
            if (made != 0) Volatile.Write(ref media, made);
            return made;
        }
    }
}
