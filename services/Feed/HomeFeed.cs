using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Mesh;
using Post = InstaGrpc.Contracts.MediaV1.Media;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Pages of home feeds. A page is taken from what is known (timeline, pulled authors, own posts); below the floor of that it goes on by
/// asking PostgreSQL, so a feed has no end but its authors' first posts. Posts that are deleted, or of authors whom the reader does not
/// see (any more), are dropped and the page is filled up.
/// </summary>
/// <remarks>Every page goes on below the last id that was looked at, and ids only grow: nothing that was there when a walk began is given
/// twice or left out, whatever is written meanwhile.</remarks>
internal sealed class HomeFeed(
    FeedSources sources, IFollowedPosts posts, FeedItems items, GraphService.GraphServiceClient graph)
{
    /// <exception cref="EntityNotFoundException">There is no such user.</exception>
    public async ValueTask<HomeFeedResponse> ReadAsync(Page page, CancellationToken cancellation)
    {
        var reader = page.Owner;
        var relations = await graph.GetRelationsAsync(new GetRelationsRequest { UserId = reader }, cancellationToken: cancellation)
            .ConfigureAwait(false);
        var audience = new Audience(reader, relations.Relations);
        var before = page.After ?? long.MaxValue;
        var known = await sources.ReadAsync(audience, before, cancellation).ConfigureAwait(false);
        var walk = new FeedWalk(known, before, (below, most) => posts.BeforeAsync(audience.Authors, below, most, cancellation));

        List<Post> found = [];
        while (found.Count < page.Size)
        {
            // What is dropped is made up for in larger steps, so that their number does not grow with the page.
            var step = walk.Steps == 0 ? page.Size : RequestFields.LargestBatch;
            var ids = await walk.NextAsync(step).ConfigureAwait(false);
            if (ids.Count == 0)
            {
                break;
            }

            var some = await items.PostsAsync(ids, cancellation).ConfigureAwait(false);
            var seen = some.Where(post => audience.Sees(post.OwnerId)).Take(page.Size - found.Count).ToList();
            found.AddRange(seen);
            walk.Took(ids, found.Count == page.Size ? found[^1].Id : ids[^1]);
        }

        var response = new HomeFeedResponse();
        response.Items.AddRange(await items.OfAsync(found, reader, cancellation).ConfigureAwait(false));
        response.NextPageToken = found.Count == page.Size && await walk.HasMoreAsync().ConfigureAwait(false) ? page.Next(walk.Last) : "";
        return response;
    }
}
