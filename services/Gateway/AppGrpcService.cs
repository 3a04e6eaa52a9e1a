using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Services.Gateway.Screens;
using InstaGrpc.Services.Gateway.Sessions;
using InstaGrpc.Services.Gateway.Uploads;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using App = InstaGrpc.Contracts.AppV1;
using Graph = InstaGrpc.Contracts.GraphV1;
using Posts = InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Services.Gateway;

/// <summary>The contract <c>insta.app.v1.AppService</c>: each method is one screen, or one touch.</summary>
internal sealed class AppGrpcService(
    SignIns signIns, AppPosts posts, PostPages pages, Profiles profiles, Searches searches, NotificationStream notifications,
    PhotoUploads uploads, FeedService.FeedServiceClient feed, GraphService.GraphServiceClient graph, MediaService.MediaServiceClient media,
    RequestFields fields, TimeProvider time, IHostApplicationLifetime lifetime)
    : AppService.AppServiceBase
{
    private const int ShortestPassword = 8;
    private const int LongestPassword = 256;
    private const int LongestToken = 256;

    public override async Task<SignUpResponse> SignUp(SignUpRequest request, ServerCallContext context)
    {
        var name = fields.Name(request.Name);
        var password = fields.Text(request.Password, "password", ShortestPassword, LongestPassword);
        var session = await signIns.SignUpAsync(
            name, request.DisplayName, password, fields.RequestId(request.RequestId), context.CancellationToken).ConfigureAwait(false);
        return new SignUpResponse { Session = session };
    }

    public override async Task<SignInResponse> SignIn(SignInRequest request, ServerCallContext context)
    {
        var password = fields.Text(request.Password, "password", 1, LongestPassword);
        var session = await signIns.SignInAsync(fields.Name(request.Name), password, context.CancellationToken).ConfigureAwait(false);
        return new SignInResponse { Session = session };
    }

    public override async Task<RefreshResponse> Refresh(RefreshRequest request, ServerCallContext context)
    {
        var token = fields.Text(request.RefreshToken, "refresh_token", 1, LongestToken);
        return new RefreshResponse { Session = await signIns.RefreshAsync(token, context.CancellationToken).ConfigureAwait(false) };
    }

    public override async Task<HomeResponse> Home(HomeRequest request, ServerCallContext context)
    {
        var page = await feed.HomeFeedAsync(
            new HomeFeedRequest { UserId = context.RequireUser(), PageToken = request.PageToken, PageSize = request.PageSize },
            cancellationToken: context.CancellationToken).ConfigureAwait(false);
        var response = new HomeResponse { NextPageToken = page.NextPageToken };
        response.Posts.AddRange(await posts.OfAsync(page.Items, context.CancellationToken).ConfigureAwait(false));
        return response;
    }

    public override async Task<ProfileResponse> Profile(ProfileRequest request, ServerCallContext context) =>
        await profiles.ReadAsync(request, context.RequireUser(), context.CancellationToken).ConfigureAwait(false);

    public override async Task<PostResponse> Post(PostRequest request, ServerCallContext context)
    {
        var created = await media.CreateMediaAsync(
            new CreateMediaRequest { BlobIds = { request.BlobIds }, Caption = request.Caption, RequestId = request.RequestId },
            cancellationToken: context.CancellationToken).ConfigureAwait(false);
        var filled = await posts.OfAsync([created.Media], context.CancellationToken).ConfigureAwait(false);
        return new PostResponse { Post = filled.SingleOrDefault() ?? throw new EntityNotFoundException("post", created.Media.Id) };
    }

    public override async Task<GetPostResponse> GetPost(GetPostRequest request, ServerCallContext context)
    {
        var post = await pages.ReadAsync(request.MediaId, context.RequireUser(), context.CancellationToken).ConfigureAwait(false);
        return new GetPostResponse { Post = post };
    }

    public override async Task<DeletePostResponse> DeletePost(DeletePostRequest request, ServerCallContext context)
    {
        await media.DeleteMediaAsync(
            new DeleteMediaRequest { MediaId = request.MediaId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new DeletePostResponse();
    }

    public override async Task<App.LikeResponse> Like(App.LikeRequest request, ServerCallContext context)
    {
        await media.LikeAsync(
            new Posts.LikeRequest { MediaId = request.MediaId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.LikeResponse();
    }

    public override async Task<App.UnlikeResponse> Unlike(App.UnlikeRequest request, ServerCallContext context)
    {
        await media.UnlikeAsync(
            new Posts.UnlikeRequest { MediaId = request.MediaId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.UnlikeResponse();
    }

    public override async Task<CommentResponse> Comment(CommentRequest request, ServerCallContext context)
    {
        var added = await media.AddCommentAsync(
            new AddCommentRequest { MediaId = request.MediaId, Text = request.Text, RequestId = request.RequestId },
            cancellationToken: context.CancellationToken).ConfigureAwait(false);
        var author = await graph.GetUserAsync(
            new GetUserRequest { UserId = context.RequireUser() }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new CommentResponse { Comment = new AppComment { Comment = added.Comment, Author = author.User } };
    }

    public override async Task<App.DeleteCommentResponse> DeleteComment(App.DeleteCommentRequest request, ServerCallContext context)
    {
        await media.DeleteCommentAsync(
            new Posts.DeleteCommentRequest { MediaId = request.MediaId, CommentId = request.CommentId },
            cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.DeleteCommentResponse();
    }

    public override async Task<CommentsResponse> Comments(CommentsRequest request, ServerCallContext context) =>
        await pages.CommentsAsync(request, context.RequireUser(), context.CancellationToken).ConfigureAwait(false);

    public override async Task<App.FollowResponse> Follow(App.FollowRequest request, ServerCallContext context)
    {
        await graph.FollowAsync(
            new Graph.FollowRequest { UserId = request.UserId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.FollowResponse();
    }

    public override async Task<App.UnfollowResponse> Unfollow(App.UnfollowRequest request, ServerCallContext context)
    {
        await graph.UnfollowAsync(
            new Graph.UnfollowRequest { UserId = request.UserId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.UnfollowResponse();
    }

    public override async Task<App.SearchResponse> Search(App.SearchRequest request, ServerCallContext context) =>
        await searches.FindAsync(request, context.CancellationToken).ConfigureAwait(false);

    public override async Task Notifications(
        NotificationsRequest request, IServerStreamWriter<NotificationsResponse> responseStream, ServerCallContext context)
    {
        // Known to be there before anything happens.
        await context.WriteResponseHeadersAsync([]).ConfigureAwait(false);

        // Not longer than whoever reads it may call.
        // Nor longer than this process is there: a stream without end would hold up an orderly stop.
        using var until = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        if (context.GetHttpContext().Features.Get<EdgeCaller>()?.Until is { } end)
        {
            until.CancelAfter(Remaining(end));
        }

        try
        {
            await notifications.FollowAsync(context.RequireUser(), request.AfterId, responseStream, until.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (until.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested
            && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                throw new UnavailableException("this process is stopping: ask again, after the last notification that came");
            }

            throw new UnauthenticatedException("the access token has expired: get a new one with Refresh");
        }
    }

    public override async Task<UploadUrlResponse> UploadUrl(UploadUrlRequest request, ServerCallContext context) =>
        await uploads.UrlAsync(context.RequireUser(), request.Length, context.CancellationToken).ConfigureAwait(false);

    public override async Task<MarkNotificationsReadResponse> MarkNotificationsRead(
        MarkNotificationsReadRequest request, ServerCallContext context)
    {
        await feed.MarkReadAsync(
            new MarkReadRequest { UpToId = request.UpToId }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new MarkNotificationsReadResponse();
    }

    public override async Task<App.SetAvatarResponse> SetAvatar(App.SetAvatarRequest request, ServerCallContext context)
    {
        await graph.SetAvatarAsync(
            new Graph.SetAvatarRequest { MediaId = request.MediaId, Index = request.Index },
            cancellationToken: context.CancellationToken).ConfigureAwait(false);
        var found = await graph.GetUserAsync(
            new GetUserRequest { UserId = context.RequireUser() }, cancellationToken: context.CancellationToken).ConfigureAwait(false);
        return new App.SetAvatarResponse { User = found.User };
    }

    private TimeSpan Remaining(DateTimeOffset end)
    {
        var left = end - time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
