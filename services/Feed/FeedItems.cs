using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using Post = InstaGrpc.Contracts.MediaV1.Media;

namespace InstaGrpc.Services.Feed;

/// <summary>Posts with their counts and whether a user likes them, by batch reads: as many calls for one as for a hundred.</summary>
internal sealed class FeedItems(MediaService.MediaServiceClient media)
{
    /// <summary>The posts among these ids that exist, in the order of the ids; at most 100.</summary>
    public async ValueTask<IReadOnlyList<Post>> PostsAsync(IEnumerable<long> ids, CancellationToken cancellation)
    {
        var request = new BatchGetMediaRequest { MediaIds = { ids } };
        return request.MediaIds.Count == 0
            ? []
            : (await media.BatchGetMediaAsync(request, cancellationToken: cancellation).ConfigureAwait(false)).Media;
    }

    /// <summary>What a list shows of these posts. One without a row of counts (written by hand, deleted meanwhile) has none: a page is as long
    /// as its posts.</summary>
    /// <param name="posts">At most 100.</param>
    /// <param name="viewer">Whose likes are shown; null: nobody's.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<IEnumerable<FeedItem>> OfAsync(IReadOnlyCollection<Post> posts, long? viewer, CancellationToken cancellation)
    {
        if (posts.Count == 0)
        {
            return [];
        }

        var countsRequest = new BatchGetMediaCountsRequest { MediaIds = { posts.Select(static post => post.Id) } };
        var reading = media.BatchGetMediaCountsAsync(countsRequest, cancellationToken: cancellation);
        var liked = viewer is { } user ? await LikedAsync(posts, user, cancellation).ConfigureAwait(false) : [];
        var counts = (await reading.ConfigureAwait(false)).Counts.ToDictionary(static counts => counts.MediaId);
        return posts.Select(post => new FeedItem
        {
            Media = post,
            Counts = counts.GetValueOrDefault(post.Id) ?? new MediaCounts { MediaId = post.Id },
            Liked = liked.Contains(post.Id),
        });
    }

    private async ValueTask<HashSet<long>> LikedAsync(IReadOnlyCollection<Post> posts, long viewer, CancellationToken cancellation)
    {
        var request = new BatchHasLikedRequest { MediaIds = { posts.Select(static post => post.Id) } };
        var options = new CallOptions(cancellationToken: cancellation).OnBehalfOf(viewer);
        var answer = await media.BatchHasLikedAsync(request, options).ConfigureAwait(false);
        return [.. answer.Likes.Where(static like => like.Liked).Select(static like => like.MediaId)];
    }
}
