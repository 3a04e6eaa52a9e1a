using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Feed.Tests;

namespace InstaGrpc.Gateway.Tests;

public sealed class ScreenTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AScreenTakesAsManyCallsForThirtyEntriesAsForOne()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var ada = await mesh.SessionAsync();
        var app = mesh.AppAs(ada);
        await PostAsync(app, 1);
        var post = await PostAsync(app, 2);
        await app.CommentAsync(new CommentRequest { MediaId = post, Text = "one", RequestId = "c0" });
        Func<Task<int>>[] screens =
        [
            async () => (await app.HomeAsync(new HomeRequest())).Posts.Count,
            async () => (await app.ProfileAsync(new ProfileRequest { UserId = ada.User.Id })).Posts.Count,
            async () => (await app.CommentsAsync(new CommentsRequest { MediaId = post })).Comments.Count,
        ];
        var few = await CallsAsync(screens);

        for (var i = 3; i <= 32; i++)
        {
            await PostAsync(app, i);
            await app.CommentAsync(new CommentRequest { MediaId = post, Text = "more", RequestId = $"c{i}" });
        }

        var many = await CallsAsync(screens);

        Assert.Equal(few.Select(static one => one.Calls), many.Select(static one => one.Calls));
        Assert.All(many, static one => Assert.InRange(one.Entries, 20, 30));
        Assert.All(many, static one => Assert.InRange(one.Calls, 2, 16));
    }

    [Fact]
    public async Task APhoneReadsItsOwnWritesWithTheTokenOfTheirTrailers()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var ada = await mesh.SessionAsync();
        var app = mesh.AppAs(ada);
        var token = "";
        var post = await PostAsync(app, 1);
        for (var i = 0; i < 10; i++)
        {
            using var write = app.CommentAsync(new CommentRequest { MediaId = post, Text = $"{i}", RequestId = $"c{i}" });
            var written = await write;
            token = write.GetTrailers().GetValue("insta-lsn")!;

            var page = await app.CommentsAsync(new CommentsRequest { MediaId = post, PageSize = 1 }, new Metadata { { "insta-lsn", token } });

            Assert.Equal(written.Comment.Comment.Id, page.Comments[0].Comment.Id);
            Assert.Equal(ada.User.Name, page.Comments[0].Author.Name);
        }
    }

    [Fact]
    public async Task LikesFollowsAndSearchesAreTheCallersOwn()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var (ada, ben) = (await mesh.SessionAsync(), await mesh.SessionAsync());
        var (asAda, asBen) = (mesh.AppAs(ada), mesh.AppAs(ben));
        var post = await PostAsync(asAda, 1);
        await asBen.LikeAsync(new LikeRequest { MediaId = post });
        await asBen.FollowAsync(new FollowRequest { UserId = ada.User.Id });

        Assert.True((await asBen.GetPostAsync(new GetPostRequest { MediaId = post })).Post.Liked);
        Assert.False((await asAda.GetPostAsync(new GetPostRequest { MediaId = post })).Post.Liked);
        Assert.True((await asBen.ProfileAsync(new ProfileRequest { Name = ada.User.Name })).Followed);
        Assert.False((await asAda.ProfileAsync(new ProfileRequest { Name = ben.User.Name })).Followed);
        await asBen.UnlikeAsync(new UnlikeRequest { MediaId = post });
        await asBen.UnfollowAsync(new UnfollowRequest { UserId = ada.User.Id });
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(
            async () => await asBen.DeletePostAsync(new DeletePostRequest { MediaId = post }))).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(
            async () => await asBen.SearchAsync(new SearchRequest { Prefix = "ada", PageToken = "nothing" }))).StatusCode);
        Assert.Empty((await asBen.SearchAsync(new SearchRequest { Prefix = "!!!" })).Users);
    }

    private static async Task<long> PostAsync(AppService.AppServiceClient app, int number) =>
        (await app.PostAsync(new PostRequest { Caption = $"post {number}", RequestId = $"p{number}" })).Post.Media.Id;

    private static async Task<List<(int Calls, int Entries)>> CallsAsync(IEnumerable<Func<Task<int>>> screens)
    {
        List<(int, int)> counted = [];
        foreach (var screen in screens)
        {
            // Without memcached's help once, so that both times begin alike.
            await screen();
            using var trace = new CallTrace();
            var entries = await screen();
            counted.Add((trace.ServedCalls, entries));
        }

        return counted;
    }
}
