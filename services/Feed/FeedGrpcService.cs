using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Feed;

/// <summary>The contract <c>insta.feed.v1.FeedService</c>.</summary>
internal sealed class FeedGrpcService(
    HomeFeed homeFeed, UserFeed userFeed, ActiveUsers active, FanoutPlans plans, Notifications notifications, NotificationWatch watch,
    RequestFields fields)
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

    public override async Task<ExplainFanoutResponse> ExplainFanout(ExplainFanoutRequest request, ServerCallContext context)
    {
        var plan = request.TargetCase switch
        {
            ExplainFanoutRequest.TargetOneofCase.MediaId =>
                await plans.OfPostAsync(fields.Id(request.MediaId, "media_id"), context.CancellationToken).ConfigureAwait(false),
            ExplainFanoutRequest.TargetOneofCase.UserId =>
                await plans.OfAuthorAsync(fields.Id(request.UserId, "user_id"), context.CancellationToken).ConfigureAwait(false),
            _ => throw new InvalidFieldException("target", "give media_id or user_id"),
        };
        return new ExplainFanoutResponse
        {
            Tier = plan.Tier,
            Followers = plan.Followers,
            Batches = plan.Batches,
            EtaMs = (uint)Math.Min(plan.Eta.TotalMilliseconds, uint.MaxValue),
        };
    }

    public override async Task<ListNotificationsResponse> ListNotifications(ListNotificationsRequest request, ServerCallContext context)
    {
        var page = Page.Read(
            "insta.feed.v1.FeedService/ListNotifications", context.RequireUser(), request.PageSize, request.PageToken);
        var found = await notifications.ListAsync(page, context.CancellationToken).ConfigureAwait(false);
        var more = found.Count > page.Size;
        var response = new ListNotificationsResponse { Notifications = { found.Take(page.Size) } };
        response.NextPageToken = more ? page.Next(response.Notifications[^1].Id) : "";
        return response;
    }

    public override async Task WatchNotifications(
        WatchNotificationsRequest request, IServerStreamWriter<WatchNotificationsResponse> responses, ServerCallContext context)
    {
        var user = context.RequireUser();
        var after = request.AfterId == 0 ? 0 : fields.Id(request.AfterId, "after_id");
        await foreach (var notification in watch.FollowAsync(user, after, context.CancellationToken).ConfigureAwait(false))
        {
            await responses.WriteAsync(new WatchNotificationsResponse { Notification = notification }, context.CancellationToken)
                .ConfigureAwait(false);
        }
    }

    public override async Task<MarkReadResponse> MarkRead(MarkReadRequest request, ServerCallContext context)
    {
        await notifications.MarkReadAsync(context.RequireUser(), fields.Id(request.UpToId, "up_to_id"), context.CancellationToken)
            .ConfigureAwait(false);
        return new MarkReadResponse();
    }
}
