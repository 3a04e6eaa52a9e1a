using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Feed.Tests;
using FollowRequest = InstaGrpc.Contracts.AppV1.FollowRequest;
using SearchRequest = InstaGrpc.Contracts.AppV1.SearchRequest;

namespace InstaGrpc.Gateway.Tests;

/// <summary>What a phone shows where one of two users has blocked the other. There is no projector: what it derives is written here by
/// hand.</summary>
public sealed class BlockTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NeitherTheBlockedNorTheBlockerIsShownAnythingOfTheOther(bool viewerHasBlocked)
    {
        var pair = await PairAsync(viewerHasBlocked);
        await SeesOwnerAsync(pair);
        var (mesh, owner, viewer, other) = (pair.Mesh, pair.Owner, pair.Viewer, pair.Other);
        var (asViewer, asOther) = (mesh.AppAs(viewer), mesh.AppAs(other));

        await pair.BlockAsync();

        await asViewer.GetPostAsync(new GetPostRequest { MediaId = pair.OwnersPost }).FailsAsync(StatusCode.NotFound);
        await asViewer.CommentsAsync(new CommentsRequest { MediaId = pair.OwnersPost }).FailsAsync(StatusCode.NotFound);
        await asViewer.ProfileAsync(new ProfileRequest { UserId = owner.User.Id }).FailsAsync(StatusCode.NotFound);
        var missing = await asViewer.ProfileAsync(new ProfileRequest { Name = owner.User.Name }).FailsAsync(StatusCode.NotFound);
        Assert.DoesNotContain($"{owner.User.Id}", missing, StringComparison.Ordinal);
        Assert.Equal([viewer.User.Id, other.User.Id], await pair.CommentersAsync(asViewer));
        Assert.DoesNotContain(pair.OwnersPost, (await asViewer.HomeAsync(new HomeRequest())).Posts.Select(static post => post.Media.Id));
        Assert.Empty((await asViewer.SearchAsync(new SearchRequest { Prefix = owner.User.Name })).Users);
        Assert.Empty((await asViewer.SearchAsync(new SearchRequest { Prefix = pair.Word })).Posts);
        Assert.Equal([owner.User.Id, viewer.User.Id, other.User.Id], await pair.CommentersAsync(asOther));
        Assert.Equal(pair.OwnersPost, (await asOther.GetPostAsync(new GetPostRequest { MediaId = pair.OwnersPost })).Post.Media.Id);

        await pair.UnblockAsync();

        await SeesOwnerAsync(pair);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NeitherTheBlockedNorTheBlockerDoesAnythingToTheOther(bool viewerHasBlocked)
    {
        var pair = await PairAsync(viewerHasBlocked);
        var app = pair.Mesh.AppAs(pair.Viewer);
        await app.LikeAsync(new LikeRequest { MediaId = pair.OwnersPost });
        await pair.BlockAsync();
        var written = await pair.WrittenAsync();

        await app.LikeAsync(new LikeRequest { MediaId = pair.OwnersPost }).FailsAsync(StatusCode.FailedPrecondition);
        var comment = new CommentRequest { MediaId = pair.OwnersPost, Text = "no", RequestId = "no" };
        await app.CommentAsync(comment).FailsAsync(StatusCode.FailedPrecondition);
        await app.FollowAsync(new FollowRequest { UserId = pair.Owner.User.Id }).FailsAsync(StatusCode.FailedPrecondition);
        Assert.Equal(written, await pair.WrittenAsync());

        // What was before can be taken back.
        await app.UnlikeAsync(new UnlikeRequest { MediaId = pair.OwnersPost });
        await pair.UnblockAsync();
        await app.CommentAsync(comment);
        await app.LikeAsync(new LikeRequest { MediaId = pair.OwnersPost });
    }

    [Fact]
    public async Task WhoIsHiddenCostsAScreenNoMoreCalls()
    {
        var pair = await PairAsync(viewerHasBlocked: true);
        var app = pair.Mesh.AppAs(pair.Viewer);
        async Task<int> CallsAsync()
        {
            using var trace = new CallTrace();
            await app.GetPostAsync(new GetPostRequest { MediaId = pair.OthersPost });
            await pair.CommentersAsync(app);
            return trace.ServedCalls;
        }

        var before = await CallsAsync();
        await pair.BlockAsync();

        Assert.Equal(before, await CallsAsync());
        Assert.InRange(before, 2, 12);
    }

    [Fact]
    public async Task ANotificationDoesNotBringThePostOfSomebodyWhoIsHidden()
    {
        var pair = await PairAsync(viewerHasBlocked: false);
        await pair.BlockAsync();
        var (viewer, other) = (pair.Viewer.User.Id, pair.Other.User.Id);
        var id = InstaId.Compose(200_000, new InstaId(viewer).Shard, 0);
        await pair.ExecuteAsync(viewer, $"""
            INSERT INTO notifications (user_id, id, kind, actor_id, media_id, comment_id, created_at) VALUES
                ({viewer}, {id}, 4, {other}, {pair.OwnersPost}, 1, now()), ({viewer}, {id + 1}, 4, {other}, {pair.OthersPost}, 2, now());
            INSERT INTO notification_heads (user_id, ordinal) VALUES ({viewer}, 2)
            """);

        using var stream = pair.Mesh.AppAs(pair.Viewer).Notifications(new NotificationsRequest());
        foreach (var expected in (long?[])[null, pair.OthersPost])
        {
            Assert.True(await stream.ResponseStream.MoveNext(TestFixtures.Patience.Token()));
            Assert.Equal((other, expected), (stream.ResponseStream.Current.Actor.Id, stream.ResponseStream.Current.Media?.Id));
        }
    }

    private static async Task SeesOwnerAsync(Pair pair)
    {
        var app = pair.Mesh.AppAs(pair.Viewer);
        Assert.Equal(pair.OwnersPost, (await app.GetPostAsync(new GetPostRequest { MediaId = pair.OwnersPost })).Post.Media.Id);
        Assert.Empty((await app.CommentsAsync(new CommentsRequest { MediaId = pair.OwnersPost })).Comments);
        Assert.Single((await app.ProfileAsync(new ProfileRequest { UserId = pair.Owner.User.Id })).Posts);
        Assert.Equal(pair.Owner.User.Id, (await app.ProfileAsync(new ProfileRequest { Name = pair.Owner.User.Name })).User.Id);
        Assert.Equal([pair.Owner.User.Id, pair.Viewer.User.Id, pair.Other.User.Id], await pair.CommentersAsync(app));
        Assert.Single((await app.SearchAsync(new SearchRequest { Prefix = pair.Owner.User.Name })).Users);
        Assert.Single((await app.SearchAsync(new SearchRequest { Prefix = pair.Word })).Posts);
    }

    /// <summary>The owner has a post, another user one below which all three have commented.</summary>
    private async Task<Pair> PairAsync(bool viewerHasBlocked)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var (owner, viewer, other) = (await mesh.SessionAsync(), await mesh.SessionAsync(), await mesh.SessionAsync());
        var word = $"word{owner.User.Name}";
        var pair = new Pair(mesh, owner, viewer, other, viewerHasBlocked, word)
        {
            OwnersPost = (await mesh.AppAs(owner).PostAsync(new PostRequest { Caption = word, RequestId = "p" })).Post.Media.Id,
            OthersPost = (await mesh.AppAs(other).PostAsync(new PostRequest { Caption = "talk", RequestId = "p" })).Post.Media.Id,
        };
        foreach (var session in (Session[])[other, viewer, owner])
        {
            await mesh.AppAs(session).CommentAsync(new CommentRequest { MediaId = pair.OthersPost, Text = "so", RequestId = "c" });
        }

        await mesh.AppAs(viewer).FollowAsync(new FollowRequest { UserId = owner.User.Id });
        await pair.ExecuteAsync(owner.User.Id, $"""
            INSERT INTO search_terms (subject_id, kind, term) VALUES ({owner.User.Id}, 1, '{owner.User.Name}'), ({pair.OwnersPost}, 2, '{word}')
            """);
        return pair;
    }

    private sealed record Pair(GatewayMesh Mesh, Session Owner, Session Viewer, Session Other, bool ViewerHasBlocked, string Word)
    {
        public long OwnersPost { get; init; }

        public long OthersPost { get; init; }

        private (long Blocker, long Blocked) Ids => ViewerHasBlocked ? (Viewer.User.Id, Owner.User.Id) : (Owner.User.Id, Viewer.User.Id);

        private GraphService.GraphServiceClient AsBlocker => new(Mesh.Process.As($"user:{Ids.Blocker}"));

        public async Task BlockAsync()
        {
            await AsBlocker.BlockAsync(new BlockRequest { UserId = Ids.Blocked });
            await ExecuteAsync(Ids.Blocked, $"INSERT INTO blocked_by (blocked_id, blocker_id) VALUES ({Ids.Blocked}, {Ids.Blocker})");
        }

        public async Task UnblockAsync()
        {
            await AsBlocker.UnblockAsync(new UnblockRequest { UserId = Ids.Blocked });
            await ExecuteAsync(Ids.Blocked, $"DELETE FROM blocked_by WHERE blocked_id = {Ids.Blocked}");
        }

        public async Task<List<long>> CommentersAsync(AppService.AppServiceClient app) =>
            [.. (await app.CommentsAsync(new CommentsRequest { MediaId = OthersPost })).Comments.Select(static one => one.Author.Id)];

        public async Task<(long Likes, long Comments, long Follows)> WrittenAsync() => (
            await (await Mesh.DatabaseOfAsync(OwnersPost)).QueryAsync<long>($"SELECT count(*) FROM likes WHERE media_id = {OwnersPost}"),
            await (await Mesh.DatabaseOfAsync(OwnersPost)).QueryAsync<long>($"SELECT count(*) FROM comments WHERE media_id = {OwnersPost}"),
            await (await Mesh.DatabaseOfAsync(Viewer.User.Id)).QueryAsync<long>($"SELECT count(*) FROM follows WHERE follower_id = {Viewer.User.Id}"));

        public async Task ExecuteAsync(long id, string sql) => await (await Mesh.DatabaseOfAsync(id)).ExecuteAsync(sql);
    }
}
