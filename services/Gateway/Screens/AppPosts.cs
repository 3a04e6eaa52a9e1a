using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using Post = InstaGrpc.Contracts.MediaV1.Media;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>Fills lists with what a screen shows, by batch reads: as many calls for one entry as for a hundred.</summary>
internal sealed class AppPosts(MediaService.MediaServiceClient media, GraphService.GraphServiceClient graph)
{
    /// <summary>Posts of a feed, with their authors. One whose author is gone is left out.</summary>
    public async ValueTask<IEnumerable<AppPost>> OfAsync(IReadOnlyCollection<FeedItem> items, CancellationToken cancellation)
    {
        var authors = await UsersAsync(items.Select(static item => item.Media.OwnerId), cancellation).ConfigureAwait(false);
        return items.Where(item => authors.ContainsKey(item.Media.OwnerId)).Select(item => new AppPost
        {
            Media = item.Media, Counts = item.Counts, Author = authors[item.Media.OwnerId], Liked = item.Liked,
        });
    }

    /// <summary>Posts with counts, authors, and whether the caller likes them; at most 100.</summary>
    public async ValueTask<IEnumerable<AppPost>> OfAsync(IReadOnlyCollection<Post> posts, CancellationToken cancellation)
    {
        if (posts.Count == 0)
        {
            return [];
        }

        var counting = media.BatchGetMediaCountsAsync(
            new BatchGetMediaCountsRequest { MediaIds = { posts.Select(static post => post.Id) } }, cancellationToken: cancellation).ResponseAsync;
        var liking = media.BatchHasLikedAsync(
            new BatchHasLikedRequest { MediaIds = { posts.Select(static post => post.Id) } }, cancellationToken: cancellation).ResponseAsync;
        var finding = UsersAsync(posts.Select(static post => post.OwnerId), cancellation).AsTask();
        await Task.WhenAll(counting, liking, finding).ConfigureAwait(false);
        var counts = (await counting.ConfigureAwait(false)).Counts.ToDictionary(static count => count.MediaId);
        var liked = (await liking.ConfigureAwait(false)).Likes.Where(static like => like.Liked).Select(static like => like.MediaId).ToHashSet();
        var authors = await finding.ConfigureAwait(false);
        return posts.Where(post => authors.ContainsKey(post.OwnerId)).Select(post => new AppPost
        {
            Media = post,
            Counts = counts.GetValueOrDefault(post.Id) ?? new MediaCounts { MediaId = post.Id },
            Author = authors[post.OwnerId],
            Liked = liked.Contains(post.Id),
        });
    }

    /// <summary>Those of the users who exist; at most 100 different ones.</summary>
    public async ValueTask<IReadOnlyDictionary<long, User>> UsersAsync(IEnumerable<long> ids, CancellationToken cancellation)
    {
        var request = new BatchGetUsersRequest { UserIds = { ids.Distinct() } };
        if (request.UserIds.Count == 0)
        {
            return new Dictionary<long, User>();
        }

        var found = await graph.BatchGetUsersAsync(request, cancellationToken: cancellation).ConfigureAwait(false);
        return found.Users.ToDictionary(static user => user.Id);
    }
}
