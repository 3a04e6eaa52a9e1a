using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Feed;

/// <summary>The contract <c>insta.graph.v1.GraphService</c>.</summary>
internal sealed class GraphGrpcService(
    Accounts accounts, NameClaims names, Follows follows, Blocks blocks, RelationRows relations, Departures departures, UserCountRows counts,
    UserSearch search, Avatars avatars, RequestFields fields, FeedOptions options,
    GraphService.GraphServiceClient graph) : GraphService.GraphServiceBase
{
    private const int LongestRegion = 64;

    public override async Task<CreateUserResponse> CreateUser(CreateUserRequest request, ServerCallContext context)
    {
        var name = fields.Name(request.Name);
        var displayName = fields.Text(request.DisplayName, "display_name", 0, options.LongestDisplayName);
        var region = fields.Text(request.Region, "region", 0, LongestRegion);
        var requestId = fields.RequestId(request.RequestId);
        var user = await accounts.CreateAsync(name, displayName, region, requestId, context.CancellationToken).ConfigureAwait(false);
        return new CreateUserResponse { User = user };
    }

    public override async Task<GetUserResponse> GetUser(GetUserRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.UserId, "user_id");
        var user = await accounts.GetAsync(id, context.CancellationToken).ConfigureAwait(false);
        return new GetUserResponse { User = user ?? throw new EntityNotFoundException("user", id) { Field = "user_id" } };
    }

    public override async Task<ResolveNameResponse> ResolveName(ResolveNameRequest request, ServerCallContext context)
    {
        var name = fields.Name(request.Name);
        var id = await names.ResolveAsync(name, context.CancellationToken).ConfigureAwait(false);
        return new ResolveNameResponse { UserId = id ?? throw new EntityNotFoundException($"user {name} does not exist") { Field = "name" } };
    }

    public override async Task<GetUserByNameResponse> GetUserByName(GetUserByNameRequest request, ServerCallContext context)
    {
        // Two cached reads of two nodes, so two calls: an answer of both could not be invalidated by either's stream.
        var name = fields.Name(request.Name);
        var cancellation = context.CancellationToken;
        var resolved = await graph.ResolveNameAsync(new ResolveNameRequest { Name = name }, cancellationToken: cancellation).ConfigureAwait(false);
        try
        {
            var found = await graph.GetUserAsync(new GetUserRequest { UserId = resolved.UserId }, cancellationToken: cancellation)
                .ConfigureAwait(false);
            return new GetUserByNameResponse { User = found.User };
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            throw new EntityNotFoundException($"user {name} does not exist") { Field = "name" };
        }
    }

    public override async Task<BatchGetUsersResponse> BatchGetUsers(BatchGetUsersRequest request, ServerCallContext context)
    {
        var found = await accounts.GetAsync(fields.Ids(request.UserIds, "user_ids"), context.CancellationToken).ConfigureAwait(false);
        return new BatchGetUsersResponse { Users = { found } };
    }

    public override async Task<SetAvatarResponse> SetAvatar(SetAvatarRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        var post = request.MediaId == 0 ? 0 : fields.Id(request.MediaId, "media_id");
        await avatars.SetAsync(user, post, request.Index, context.CancellationToken).ConfigureAwait(false);
        return new SetAvatarResponse();
    }

    public override async Task<GetAvatarResponse> GetAvatar(GetAvatarRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.UserId, "user_id");
        return await avatars.GetAsync(id, context.CancellationToken).ConfigureAwait(false)
            ?? throw new EntityNotFoundException("user", id) { Field = "user_id" };
    }

    public override async Task<FollowResponse> Follow(FollowRequest request, ServerCallContext context)
    {
        var follower = context.RequireUser();
        var followee = fields.Id(request.UserId, "user_id");
        if (follower == followee)
        {
            throw new InvalidFieldException("user_id", "must be another user than the caller");
        }

        await follows.FollowAsync(follower, followee, context.CancellationToken).ConfigureAwait(false);
        return new FollowResponse();
    }

    public override async Task<UnfollowResponse> Unfollow(UnfollowRequest request, ServerCallContext context)
    {
        var follower = context.RequireUser();
        await follows.UnfollowAsync(follower, fields.Id(request.UserId, "user_id"), context.CancellationToken).ConfigureAwait(false);
        return new UnfollowResponse();
    }

    public override async Task<DeleteUserResponse> DeleteUser(DeleteUserRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var caller = context.GetCaller();
        if (caller.Kind != CallerKind.Admin && caller.UserId != user)
        {
            throw new PermissionDeniedException("only the user himself and an admin may delete him");
        }

        await departures.DeleteAsync(user, context.CancellationToken).ConfigureAwait(false);
        return new DeleteUserResponse();
    }

    public override async Task<BlockResponse> Block(BlockRequest request, ServerCallContext context)
    {
        var blocker = context.RequireUser();
        var blocked = fields.Id(request.UserId, "user_id");
        if (blocker == blocked)
        {
            throw new InvalidFieldException("user_id", "must be another user than the caller");
        }

        await blocks.BlockAsync(blocker, blocked, context.CancellationToken).ConfigureAwait(false);
        return new BlockResponse();
    }

    public override async Task<UnblockResponse> Unblock(UnblockRequest request, ServerCallContext context)
    {
        var blocker = context.RequireUser();
        await blocks.UnblockAsync(blocker, fields.Id(request.UserId, "user_id"), context.CancellationToken).ConfigureAwait(false);
        return new UnblockResponse();
    }

    public override async Task<GetRelationsResponse> GetRelations(GetRelationsRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var found = await relations.OfAsync(user, context.CancellationToken).ConfigureAwait(false);
        return new GetRelationsResponse { Relations = found ?? throw new EntityNotFoundException("user", user) { Field = "user_id" } };
    }

    public override async Task<ListFollowersResponse> ListFollowers(ListFollowersRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var page = Page.Read("insta.graph.v1.GraphService/ListFollowers", user, request.PageSize, request.PageToken);
        var found = await follows.FollowersAsync(page, context.CancellationToken).ConfigureAwait(false);
        var more = found.Count > page.Size;
        var response = new ListFollowersResponse { UserIds = { found.Take(page.Size) } };
        response.NextPageToken = more ? page.Next(response.UserIds[^1]) : "";
        return response;
    }

    public override async Task<ListFollowingResponse> ListFollowing(ListFollowingRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var page = Page.Read("insta.graph.v1.GraphService/ListFollowing", user, request.PageSize, request.PageToken);
        var found = await follows.FollowingAsync(page, context.CancellationToken).ConfigureAwait(false);
        var more = found.Count > page.Size;
        var response = new ListFollowingResponse { UserIds = { found.Take(page.Size) } };
        response.NextPageToken = more ? page.Next(response.UserIds[^1]) : "";
        return response;
    }

    public override async Task<GetUserCountsResponse> GetUserCounts(GetUserCountsRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.UserId, "user_id");
        var found = await counts.OfAsync([id], context.CancellationToken).ConfigureAwait(false);
        return new GetUserCountsResponse { Counts = found.SingleOrDefault() ?? throw new EntityNotFoundException("user", id) { Field = "user_id" } };
    }

    public override async Task<BatchGetUserCountsResponse> BatchGetUserCounts(BatchGetUserCountsRequest request, ServerCallContext context)
    {
        var found = await counts.OfAsync(fields.Ids(request.UserIds, "user_ids"), context.CancellationToken).ConfigureAwait(false);
        return new BatchGetUserCountsResponse { Counts = { found } };
    }

    public override async Task<SearchResponse> Search(SearchRequest request, ServerCallContext context)
    {
        var typed = request.Prefix.Trim().TrimStart('@').ToLowerInvariant();
        var page = SearchPage.Read(
            "insta.graph.v1.GraphService/Search", RequestFields.IsName(typed) ? typed : null, "must be the beginning of a user's name",
            request.PageSize, request.PageToken);
        IReadOnlyCollection<long> hidden = [];
        if (context.GetCaller().UserId is { } caller)
        {
            var related = await graph.GetRelationsAsync(
                new GetRelationsRequest { UserId = caller }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
            hidden = related.Relations.HiddenIds;
        }

        return await search.FindAsync(page, hidden, context.CancellationToken).ConfigureAwait(false);
    }
}
