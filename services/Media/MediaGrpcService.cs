using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;

namespace InstaGrpc.Services.Media;

/// <summary>The contract <c>insta.media.v1.MediaService</c>.</summary>
internal sealed class MediaGrpcService(
    Posts posts, Uploads uploads, Likes likes, Comments comments, MediaCountRows counts, PostSearch search, RequestFields fields, MediaOptions options)
    : MediaService.MediaServiceBase
{
    public override async Task<UploadResponse> Upload(IAsyncStreamReader<UploadRequest> requestStream, ServerCallContext context)
    {
        context.RequireUser();
        return await uploads.ReceiveAsync(requestStream, context.CancellationToken).ConfigureAwait(false);
    }

    public override async Task<CreateMediaResponse> CreateMedia(CreateMediaRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        if (request.BlobIds.Count > options.MostPhotos)
        {
            throw new InvalidFieldException("blob_ids", $"has {request.BlobIds.Count} entries; at most {options.MostPhotos} are allowed");
        }

        var blobs = request.BlobIds.Select(static (value, i) => ReadBlobId(value, $"blob_ids[{i}]")).ToArray();
        var caption = fields.Text(request.Caption, "caption", 0, options.LongestCaption);
        return await posts.CreateAsync(user, caption, blobs, fields.RequestId(request.RequestId), context.CancellationToken)
            .ConfigureAwait(false);
    }

    public override async Task<GetMediaResponse> GetMedia(GetMediaRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.MediaId, "media_id");
        var post = await posts.GetAsync(id, context.CancellationToken).ConfigureAwait(false);
        return new GetMediaResponse { Media = post ?? throw new EntityNotFoundException("media", id) { Field = "media_id" } };
    }

    public override async Task<GetPhotosResponse> GetPhotos(GetPhotosRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.MediaId, "media_id");
        return await posts.PhotosAsync(id, context.CancellationToken).ConfigureAwait(false)
            ?? throw new EntityNotFoundException("media", id) { Field = "media_id" };
    }

    public override async Task<BatchGetMediaResponse> BatchGetMedia(BatchGetMediaRequest request, ServerCallContext context)
    {
        var found = await posts.GetAsync(fields.Ids(request.MediaIds, "media_ids"), context.CancellationToken).ConfigureAwait(false);
        return new BatchGetMediaResponse { Media = { found } };
    }

    public override async Task<DeleteMediaResponse> DeleteMedia(DeleteMediaRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        await posts.DeleteAsync(fields.Id(request.MediaId, "media_id"), user, context.CancellationToken).ConfigureAwait(false);
        return new DeleteMediaResponse();
    }

    public override async Task<LikeResponse> Like(LikeRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        await likes.LikeAsync(fields.Id(request.MediaId, "media_id"), user, context.CancellationToken).ConfigureAwait(false);
        return new LikeResponse();
    }

    public override async Task<UnlikeResponse> Unlike(UnlikeRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        await likes.UnlikeAsync(fields.Id(request.MediaId, "media_id"), user, context.CancellationToken).ConfigureAwait(false);
        return new UnlikeResponse();
    }

    public override async Task<HasLikedResponse> HasLiked(HasLikedRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        var answers = await likes.OfAsync([fields.Id(request.MediaId, "media_id")], user, context.CancellationToken).ConfigureAwait(false);
        return new HasLikedResponse { Like = answers[0] };
    }

    public override async Task<BatchHasLikedResponse> BatchHasLiked(BatchHasLikedRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        var answers = await likes.OfAsync(fields.Ids(request.MediaIds, "media_ids"), user, context.CancellationToken).ConfigureAwait(false);
        return new BatchHasLikedResponse { Likes = { answers } };
    }

    public override async Task<GetMediaCountsResponse> GetMediaCounts(GetMediaCountsRequest request, ServerCallContext context)
    {
        var id = fields.Id(request.MediaId, "media_id");
        var found = await counts.OfAsync([id], context.CancellationToken).ConfigureAwait(false);
        return new GetMediaCountsResponse { Counts = found.SingleOrDefault() ?? throw new EntityNotFoundException("media", id) { Field = "media_id" } };
    }

    public override async Task<BatchGetMediaCountsResponse> BatchGetMediaCounts(BatchGetMediaCountsRequest request, ServerCallContext context)
    {
        var found = await counts.OfAsync(fields.Ids(request.MediaIds, "media_ids"), context.CancellationToken).ConfigureAwait(false);
        return new BatchGetMediaCountsResponse { Counts = { found } };
    }

    public override async Task<AddCommentResponse> AddComment(AddCommentRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        var media = fields.Id(request.MediaId, "media_id");
        var text = fields.Text(request.Text, "text", 1, options.LongestComment);
        return await comments.AddAsync(media, user, text, fields.RequestId(request.RequestId), context.CancellationToken).ConfigureAwait(false);
    }

    public override async Task<ListCommentsResponse> ListComments(ListCommentsRequest request, ServerCallContext context)
    {
        var media = fields.Id(request.MediaId, "media_id");
        var page = Page.Read("insta.media.v1.MediaService/ListComments", media, request.PageSize, request.PageToken);
        var found = await comments.ListAsync(page, context.CancellationToken).ConfigureAwait(false);
        var more = found.Count > page.Size;
        var response = new ListCommentsResponse { Comments = { found.Take(page.Size) } };
        response.NextPageToken = more ? page.Next(response.Comments[^1].Id) : "";
        return response;
    }

    public override async Task<DeleteCommentResponse> DeleteComment(DeleteCommentRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        var media = fields.Id(request.MediaId, "media_id");
        var comment = fields.Id(request.CommentId, "comment_id");
        await comments.DeleteAsync(media, comment, user, context.CancellationToken).ConfigureAwait(false);
        return new DeleteCommentResponse();
    }

    public override async Task<ListByUserResponse> ListByUser(ListByUserRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var page = Page.Read("insta.media.v1.MediaService/ListByUser", user, request.PageSize, request.PageToken);
        var found = await posts.ListAsync(page, context.CancellationToken).ConfigureAwait(false);
        var more = found.Count > page.Size;
        var response = new ListByUserResponse { Media = { found.Take(page.Size) } };
        response.NextPageToken = more ? page.Next(response.Media[^1].Id) : "";
        return response;
    }

    public override async Task<GetNewestResponse> GetNewest(GetNewestRequest request, ServerCallContext context)
    {
        var user = fields.Id(request.UserId, "user_id");
        var found = await posts.NewestAsync([user], options.NewestListed, context.CancellationToken).ConfigureAwait(false);
        return new GetNewestResponse { Newest = found[0] };
    }

    public override async Task<BatchGetNewestResponse> BatchGetNewest(BatchGetNewestRequest request, ServerCallContext context)
    {
        var users = fields.Ids(request.UserIds, "user_ids");
        var found = await posts.NewestAsync(users, options.NewestListed, context.CancellationToken).ConfigureAwait(false);
        return new BatchGetNewestResponse { Newest = { found } };
    }

    public override async Task<SearchResponse> Search(SearchRequest request, ServerCallContext context)
    {
        var page = SearchPage.Read(
            "insta.media.v1.MediaService/Search", SearchWords.Prefix(request.Prefix), "must be the beginning of one word: letters and digits",
            request.PageSize, request.PageToken);
        return await search.FindAsync(page, context.GetCaller().UserId, context.CancellationToken).ConfigureAwait(false);
    }

    private static BlobId ReadBlobId(string value, string field) => BlobId.TryParse(value, out var blob)
        ? blob
        : throw new InvalidFieldException(field, "must be a SHA-256 as 64 hexadecimal digits in lower case");
}
