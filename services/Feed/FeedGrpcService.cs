using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Feed;

/// <summary>The contract <c>insta.feed.v1.FeedService</c>.</summary>
internal sealed class FeedGrpcService(HomeFeed homeFeed, UserFeed userFeed, ActiveUsers active, RequestFields fields)
    : FeedService.FeedServiceBase
{
    public override async Task<HomeFeedResponse> HomeFeed(HomeFeedRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var caller = context.GetCaller();

        // A service on its own may look at any feed (to warm it, to compare it); whoever is or stands for a user only at his.
        if (caller is not { Kind: CallerKind.Service, UserId: null } && caller.UserId != user)
        {
            throw new PermissionDeniedException("a home feed is its reader's own");
        }

        var page = Page.Read("insta.feed.v1.FeedService/HomeFeed", user, request.PageSize, request.PageToken);
        var response = await homeFeed.ReadAsync(page, context.CancellationToken).ConfigureAwait(false);
        if (caller.UserId is not null)
        {
            active.Saw(user);
        }

        return response;
    }

    public override async Task<UserFeedResponse> UserFeed(UserFeedRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var page = Page.Read("insta.feed.v1.FeedService/UserFeed", user, request.PageSize, request.PageToken);
        return await userFeed.ReadAsync(page, context.GetCaller().UserId, context.CancellationToken).ConfigureAwait(false);
    }
}
