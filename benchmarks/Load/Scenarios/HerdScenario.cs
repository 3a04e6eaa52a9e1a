namespace InstaGrpc.Load.Scenarios;

/// <summary>Once a second all ask at once for the comments of the same post, and the first of them has just written one: what was cached is no more.
/// He looks, too: his own is there.</summary>
internal static class HerdScenario
{
    public static ScenarioProps Create(World world)
    {
        var gate = new Lock();
        Task<long>? post = null;
        var second = -1L;
        return Scenario.Create("herd", async context =>
        {
            var (person, ct) = (world.Popular.GetNextItem(context), context.CancellationToken);
            Task<long> made;
            bool first;
            lock (gate)
            {
                made = post ??= PostAsync(ct);
                var now = Environment.TickCount64 / 1000;
                first = now != second;
                second = now;
            }

            var media = await made.ConfigureAwait(false);
            if (media == 0)
            {
                lock (gate) post = post == made ? null : post;
                return Response.Fail("NoPost", "the post could not be made");
            }

            if (first)
            {
                var written = await Step.Run("comment", context, () => world.CommentAsync(person, media, ct)).ConfigureAwait(false);
                if (written.IsError) return written;
            }

            return await Step.Run("comments", context, () => world.CommentsAsync(person, media, ct)).ConfigureAwait(false);
        });

        async Task<long> PostAsync(CancellationToken ct) => (await world.PostAsync(world.People[0], [], ct).ConfigureAwait(false)).Media;
    }
}
