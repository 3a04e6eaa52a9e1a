using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using AppRequest = InstaGrpc.Contracts.AppV1.SearchRequest;
using AppResponse = InstaGrpc.Contracts.AppV1.SearchResponse;
using MediaRequest = InstaGrpc.Contracts.MediaV1.SearchRequest;
using UserRequest = InstaGrpc.Contracts.GraphV1.SearchRequest;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>
/// One search field for two searches: names of users, words of captions. What was typed may be the beginning of one and not of the other; a page
/// token is those of both, "-" for the one that has ended.
/// </summary>
internal sealed class Searches(MediaService.MediaServiceClient media, GraphService.GraphServiceClient graph, AppPosts posts)
{
    private const string Ended = "-";
    private const char Between = '.';

    public async ValueTask<AppResponse> FindAsync(AppRequest request, CancellationToken cancellation)
    {
        var parts = request.PageToken.Length == 0 ? ["", ""] : request.PageToken.Split(Between);
        if (parts is not [var usersToken, var postsToken])
        {
            throw new InvalidFieldException("page_token", "is not a token that this search gave");
        }

        var typed = request.Prefix.Trim();
        if (typed.Length == 0)
        {
            throw new InvalidFieldException("prefix", "must be the beginning of a user's name or of a word");
        }

        var name = typed.TrimStart('@').ToLowerInvariant();
        var finding = usersToken != Ended && RequestFields.IsName(name)
            ? graph.SearchAsync(
                new UserRequest { Prefix = name, PageToken = usersToken, PageSize = request.PageSize }, cancellationToken: cancellation).ResponseAsync
            : null;
        var words = postsToken != Ended && SearchWords.Prefix(typed) is not null
            ? media.SearchAsync(
                new MediaRequest { Prefix = typed, PageToken = postsToken, PageSize = request.PageSize }, cancellationToken: cancellation).ResponseAsync
            : null;
        await Task.WhenAll(finding ?? Task.CompletedTask, words ?? Task.CompletedTask).ConfigureAwait(false);
        var users = finding is null ? null : await finding.ConfigureAwait(false);
        var found = words is null ? null : await words.ConfigureAwait(false);

        var response = new AppResponse { NextPageToken = Next(users?.NextPageToken, found?.NextPageToken) };
        response.Users.AddRange(users?.Users ?? []);
        response.Posts.AddRange(await posts.OfAsync([.. found?.Media ?? []], cancellation).ConfigureAwait(false));
        return response;
    }

    private static string Next(string? users, string? posts) =>
        string.IsNullOrEmpty(users) && string.IsNullOrEmpty(posts) ? "" : $"{OrEnded(users)}{Between}{OrEnded(posts)}";

    private static string OrEnded(string? token) => string.IsNullOrEmpty(token) ? Ended : token;
}
