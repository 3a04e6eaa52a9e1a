using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;

namespace InstaGrpc.Load.Scenarios;

/// <summary>What scenarios act on: a mesh, its users, and whoever judges the answers.</summary>
internal sealed class World(MeshClient mesh, IReadOnlyList<Person> people, Judge judge, Settlement settlement, HttpClient? web)
{
    private const int PageSize = 30;

    private readonly string _run = Guid.NewGuid().ToString("N")[..12];
    private long _requests;

    public MeshClient Mesh => mesh;

    public IReadOnlyList<Person> People => people;

    /// <summary>The web listener; null: none is known.</summary>
    public HttpClient? Web => web;

    /// <summary>Drawn by popularity.</summary>
    public IDataFeed<Person> Popular { get; } = DataFeed.Zipf(people);

    public async Task<Response> HomeAsync(Person reader, CancellationToken ct)
    {
        var look = Judge.Look(reader);
        var answer = await mesh.Feed.HomeFeedAsync(new() { UserId = reader.Id, PageSize = PageSize }, MeshClient.AsUser(reader.Id, look.Token, ct))
            .ConfigureAwait(false);
        judge.Home(look, answer.Items, answer.NextPageToken.Length == 0);
        return Response.Ok();
    }

    public async Task<Response> ProfileAsync(Person reader, Person author, CancellationToken ct)
    {
        var look = Judge.Look(reader);
        var options = MeshClient.AsUser(reader.Id, look.Token, ct);
        var list = mesh.Feed.UserFeedAsync(new() { UserId = author.Id, PageSize = PageSize }, options).ResponseAsync;
        var count = mesh.Graph.GetUserCountsAsync(new GetUserCountsRequest { UserId = author.Id }, options).ResponseAsync;
        await Task.WhenAll(list, count).ConfigureAwait(false);
        var page = await list.ConfigureAwait(false);
        judge.PostsOf(look, author, [.. page.Items.Select(static item => item.Media.Id)], page.NextPageToken.Length == 0);
        judge.PostCount(look, author, (await count.ConfigureAwait(false)).Counts.Media);
        return Response.Ok();
    }

    /// <summary>A post. The same request is repeated at the end where its outcome is not known.</summary>
    public async Task<(Response Response, long Media)> PostAsync(Person author, IEnumerable<string> blobs, CancellationToken ct)
    {
        var number = Interlocked.Increment(ref _requests);
        var request = new CreateMediaRequest { Caption = $"Load {_run}, {number}", RequestId = $"{_run}-{number}", BlobIds = { blobs } };
        judge.Posts.Of(author.Id).Begin();
        var made = await TryAsync(async token =>
        {
            using var call = mesh.Media.CreateMediaAsync(request, MeshClient.AsUser(author.Id, null, token));
            var media = (await call.ConfigureAwait(false)).Media.Id;
            // Its likes and comments are all of this run.
            judge.Likes.Of(media);
            judge.Acknowledged(judge.Posts, author.Id, author, media, TokenOf(call.GetTrailers()));
            return media;
        }, ct).ConfigureAwait(false);
        return made;
    }

    public async Task<Response> LikeAsync(Person person, long media, CancellationToken ct)
    {
        judge.Likes.Of(media).Begin();
        return (await TryAsync(async token =>
        {
            using var call = mesh.Media.LikeAsync(new LikeRequest { MediaId = media }, MeshClient.AsUser(person.Id, null, token));
            await call.ConfigureAwait(false);
            judge.Acknowledged(judge.Likes, media, person, person.Id, TokenOf(call.GetTrailers()));
            return media;
        }, ct).ConfigureAwait(false)).Response;
    }

    /// <summary>Whether he likes it, by his token.</summary>
    public async Task<Response> HasLikedAsync(Person person, long media, CancellationToken ct)
    {
        var look = Judge.Look(person);
        var request = new HasLikedRequest { MediaId = media };
        var answer = await mesh.Media.HasLikedAsync(request, MeshClient.AsUser(person.Id, look.Token, ct)).ConfigureAwait(false);
        judge.Liked(look, media, answer.Like.Liked);
        return Response.Ok();
    }

    public async Task<Response> CommentAsync(Person person, long media, CancellationToken ct)
    {
        var number = Interlocked.Increment(ref _requests);
        var request = new AddCommentRequest { MediaId = media, Text = $"Load {_run}, {number}", RequestId = $"{_run}-{number}" };
        judge.Comments.Of(media).Begin();
        return (await TryAsync(async token =>
        {
            using var call = mesh.Media.AddCommentAsync(request, MeshClient.AsUser(person.Id, null, token));
            var comment = (await call.ConfigureAwait(false)).Comment.Id;
            judge.Acknowledged(judge.Comments, media, person, comment, TokenOf(call.GetTrailers()));
            return comment;
        }, ct).ConfigureAwait(false)).Response;
    }

    /// <summary>Counts are nobody's own: they are folded later, whoever asks, so no token goes along.</summary>
    public async Task<Response> CountLikesAsync(Person reader, long media, CancellationToken ct)
    {
        var look = Judge.Look(reader);
        var answer = await mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = media }, MeshClient.AsUser(reader.Id, null, ct))
            .ConfigureAwait(false);
        judge.LikesOf(look, media, answer.Counts.Likes);
        return Response.Ok();
    }

    public async Task<Response> CommentsAsync(Person reader, long media, CancellationToken ct)
    {
        var look = Judge.Look(reader);
        var answer = await mesh.Media.ListCommentsAsync(
            new ListCommentsRequest { MediaId = media, PageSize = PageSize }, MeshClient.AsUser(reader.Id, look.Token, ct)).ConfigureAwait(false);
        judge.CommentsOf(look, media, [.. answer.Comments.Select(static comment => comment.Id)], answer.NextPageToken.Length == 0);
        return Response.Ok();
    }

    private static string? TokenOf(Metadata trailers) => trailers.GetValue(Contracts.MetadataNames.ReadToken);

    private async Task<(Response Response, long Id)> TryAsync(Func<CancellationToken, Task<long>> write, CancellationToken ct)
    {
        try
        {
            return (Response.Ok(), await write(ct).ConfigureAwait(false));
        }
        catch (RpcException e)
        {
            // It may have been done: found out at the end.
            settlement.Add(write);
            return (Response.Fail(e.StatusCode.ToString(), e.Status.Detail), 0);
        }
    }
}
