using InstaGrpc.Photos;

namespace InstaGrpc.Load.Scenarios;

/// <summary>Photos: each is uploaded, posted, and looked at on its owner's profile and as a thumbnail.</summary>
internal static class UploadsScenario
{
    public static ScenarioProps Create(World world)
    {
        var pictures = new Pictures();
        return Scenario.Create("uploads", async context =>
        {
            var (person, ct) = (world.Popular.GetNextItem(context), context.CancellationToken);
            var (blob, media) = ("", 0L);
            var uploaded = await Step.Run("upload", context, async () =>
            {
                blob = await pictures.UploadAsync(world.Mesh, person, context.Random, ct).ConfigureAwait(false);
                return Response.Ok();
            }).ConfigureAwait(false);
            if (uploaded.IsError) return uploaded;
            var posted = await Step.Run("post", context, async () =>
            {
                (var response, media) = await world.PostAsync(person, [blob], ct).ConfigureAwait(false);
                return response;
            }).ConfigureAwait(false);
            if (posted.IsError) return posted;
            var seen = await Step.Run("profile", context, () => world.ProfileAsync(person, person, ct)).ConfigureAwait(false);
            if (seen.IsError || world.Web is null) return seen;
            return await Step.Run("thumb", context, async () =>
            {
                var url = new Uri(PhotoUrl.Of(media, 0, blob, PhotoVariant.Thumb), UriKind.Relative);
                using var answer = await world.Web.GetAsync(url, ct).ConfigureAwait(false);
                var bytes = await answer.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false);
                return answer.IsSuccessStatusCode && bytes.Length > 0
                    ? Response.Ok(sizeBytes: bytes.Length)
                    : Response.Fail($"HTTP{(int)answer.StatusCode}", $"the thumbnail of {media}");
            }).ConfigureAwait(false);
        }).WithInit(_ => pictures.PrepareAsync());
    }
}
