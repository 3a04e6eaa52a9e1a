using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>A user's page. Where he and the caller are hidden from each other, there is no such user.</summary>
internal sealed class Profiles(GraphService.GraphServiceClient graph, FeedService.FeedServiceClient feed)
{
    public async ValueTask<ProfileResponse> ReadAsync(ProfileRequest request, long caller, CancellationToken cancellation)
    {
        var user = await UserAsync(request, cancellation).ConfigureAwait(false);
        var counting = graph.GetUserCountsAsync(new GetUserCountsRequest { UserId = user.Id }, cancellationToken: cancellation).ResponseAsync;
        var relating = graph.GetRelationsAsync(new GetRelationsRequest { UserId = caller }, cancellationToken: cancellation).ResponseAsync;
        var listing = feed.UserFeedAsync(
            new UserFeedRequest { UserId = user.Id, PageToken = request.PageToken, PageSize = request.PageSize },
            cancellationToken: cancellation).ResponseAsync;
        await Task.WhenAll(counting, relating, listing).ConfigureAwait(false);
        var relations = (await relating.ConfigureAwait(false)).Relations;
        if (relations.HiddenIds.Contains(user.Id))
        {
            throw request.HasName
                ? new EntityNotFoundException($"user {request.Name} does not exist") { Field = "name" }
                : new EntityNotFoundException("user", user.Id) { Field = "user_id" };
        }

        var page = await listing.ConfigureAwait(false);
        var response = new ProfileResponse
        {
            User = user,
            Counts = (await counting.ConfigureAwait(false)).Counts,
            Followed = relations.FolloweeIds.Contains(user.Id),
            NextPageToken = page.NextPageToken,
        };
        response.Posts.AddRange(page.Items.Select(
            item => new AppPost { Media = item.Media, Counts = item.Counts, Author = user, Liked = item.Liked }));
        return response;
    }

    private async ValueTask<User> UserAsync(ProfileRequest request, CancellationToken cancellation) => request.WhoCase switch
    {
        ProfileRequest.WhoOneofCase.UserId =>
            (await graph.GetUserAsync(new GetUserRequest { UserId = request.UserId }, cancellationToken: cancellation).ConfigureAwait(false)).User,
        ProfileRequest.WhoOneofCase.Name =>
            (await graph.GetUserByNameAsync(new GetUserByNameRequest { Name = request.Name }, cancellationToken: cancellation)
                .ConfigureAwait(false)).User,
        _ => throw new InvalidFieldException("who", "give user_id or name"),
    };
}
