using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Feed;

/// <summary>A user's own posts as another sees them: <c>ListByUser</c> with counts and likes; empty when either has blocked the other.</summary>
internal sealed class UserFeed(MediaService.MediaServiceClient media, GraphService.GraphServiceClient graph, FeedItems items)
{
    private const string List = "insta.media.v1.MediaService/ListByUser";

    /// <param name="page">Of the user whose posts they are.</param>
    /// <param name="viewer">Who looks; null: a service on its own, from whom nothing is hidden.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="EntityNotFoundException">There is no such user.</exception>
    public async ValueTask<UserFeedResponse> ReadAsync(Page page, long? viewer, CancellationToken cancellation)
    {
        // For his existence; the answer is for everybody who asks.
        await graph.GetUserAsync(new GetUserRequest { UserId = page.Owner }, cancellationToken: cancellation).ConfigureAwait(false);
        if (viewer is { } user && user != page.Owner)
        {
            // The viewer's relations, not the owner's: with his own token he sees his own block at once.
            var request = new GetRelationsRequest { UserId = user };
            var answer = await graph.GetRelationsAsync(request, cancellationToken: cancellation).ConfigureAwait(false);
            if (answer.Relations.HiddenIds.Contains(page.Owner))
            {
                return new UserFeedResponse();
            }
        }

        var listed = await media.ListByUserAsync(
            new ListByUserRequest
            {
                UserId = page.Owner,
                PageSize = page.Size,
                PageToken = page.After is { } last ? new PageToken(page.Owner, last).Encode(List) : "",
            },
            cancellationToken: cancellation).ConfigureAwait(false);
        var response = new UserFeedResponse();
        response.Items.AddRange(await items.OfAsync(listed.Media, viewer, cancellation).ConfigureAwait(false));
        response.NextPageToken = listed.NextPageToken.Length > 0 ? page.Next(listed.Media[^1].Id) : "";
        return response;
    }
}
