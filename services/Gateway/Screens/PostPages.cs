using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>A post's page and what is said below it. Where its owner and the viewer are hidden from each other, there is no such post.</summary>
internal sealed class PostPages(MediaService.MediaServiceClient media, AppPosts posts, HiddenUsers hidden)
{
    public async ValueTask<AppPost> ReadAsync(long post, long viewer, CancellationToken cancellation)
    {
        var finding = media.GetMediaAsync(new GetMediaRequest { MediaId = post }, cancellationToken: cancellation).ResponseAsync;
        var hiding = hidden.FromAsync(viewer, cancellation);
        await Task.WhenAll(finding, hiding).ConfigureAwait(false);
        var found = (await finding.ConfigureAwait(false)).Media;
        ThrowIfHidden(found, await hiding.ConfigureAwait(false));
        var filled = await posts.OfAsync([found], cancellation).ConfigureAwait(false);
        return filled.SingleOrDefault() ?? throw NotThere(post);
    }

    /// <summary>Comments by users who are gone or hidden from the viewer are left out, so a page may be shorter than was asked for.</summary>
    public async ValueTask<CommentsResponse> CommentsAsync(CommentsRequest request, long viewer, CancellationToken cancellation)
    {
        var listing = media.ListCommentsAsync(
            new ListCommentsRequest { MediaId = request.MediaId, PageToken = request.PageToken, PageSize = request.PageSize },
            cancellationToken: cancellation).ResponseAsync;
        var finding = media.GetMediaAsync(new GetMediaRequest { MediaId = request.MediaId }, cancellationToken: cancellation).ResponseAsync;
        var hiding = hidden.FromAsync(viewer, cancellation);
        await Task.WhenAll(listing, finding, hiding).ConfigureAwait(false);
        var unseen = await hiding.ConfigureAwait(false);
        ThrowIfHidden((await finding.ConfigureAwait(false)).Media, unseen);

        var page = await listing.ConfigureAwait(false);
        var authors = await posts.UsersAsync(
            page.Comments.Select(static one => one.AuthorId).Where(author => !unseen.Contains(author)), cancellation).ConfigureAwait(false);
        var response = new CommentsResponse { NextPageToken = page.NextPageToken };
        response.Comments.AddRange(page.Comments.Where(one => authors.ContainsKey(one.AuthorId))
            .Select(one => new AppComment { Comment = one, Author = authors[one.AuthorId] }));
        return response;
    }

    private static void ThrowIfHidden(Media post, IReadOnlySet<long> unseen)
    {
        if (unseen.Contains(post.OwnerId))
        {
            throw NotThere(post.Id);
        }
    }

    private static EntityNotFoundException NotThere(long post) => new("media", post) { Field = "media_id" };
}
