using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Feed;

/// <summary>Puts together what is known of a feed without a query: the timeline, the newest posts of pulled authors, the reader's own.</summary>
internal sealed class FeedSources(TimelineReads timelines, MediaService.MediaServiceClient media)
{
    /// <param name="audience">Whose posts the reader sees.</param>
    /// <param name="before">Where the page begins: only ids below it.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<KnownPosts> ReadAsync(Audience audience, long before, CancellationToken cancellation)
    {
        var timeline = await timelines.OfAsync(audience.Reader, cancellation).ConfigureAwait(false);
        if (timeline is null)
        {
            return KnownPosts.None;
        }

        var floor = timeline.Header.Floor;
        if (before <= floor)
        {
            return KnownPosts.None;
        }

        var (ids, listed) = Split(timeline, audience);
        foreach (var newest in await NewestAsync([.. listed], cancellation).ConfigureAwait(false))
        {
            ids.AddRange(newest.MediaIds);
            if (!newest.Complete)
            {
                // Older posts of this author are not known, so neither is the feed below them.
                floor = Math.Max(floor, newest.MediaIds[^1] - 1);
            }
        }

        return new KnownPosts([.. ids.Where(id => id > floor && id < before).Distinct().OrderDescending()], floor);
    }

    private static (List<long> Posts, HashSet<long> Listed) Split(StoredTimeline timeline, Audience audience)
    {
        List<long> posts = [];
        HashSet<long> listed = [audience.Reader];
        foreach (var entry in timeline.Entries)
        {
            if (!entry.IsNotice)
            {
                posts.Add(entry.Id);
            }
            else if (audience.Sees(entry.Id))
            {
                listed.Add(entry.Id);
            }
        }

        return (posts, listed);
    }

    private async ValueTask<IEnumerable<NewestMedia>> NewestAsync(long[] authors, CancellationToken cancellation)
    {
        var reading = authors.Chunk(RequestFields.LargestBatch).Select(some => media
            .BatchGetNewestAsync(new BatchGetNewestRequest { UserIds = { some } }, cancellationToken: cancellation).ResponseAsync);
        return (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(static response => response.Newest);
    }
}
