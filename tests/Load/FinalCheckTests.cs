using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;
using InstaGrpc.Load.Scenarios;
using InstaGrpc.Load.Workers;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

/// <summary>The proof that a run lost nothing: it must tell when something was.</summary>
[Collection(OneMesh.Name)]
public sealed class FinalCheckTests(LoadedMesh mesh)
{
    private static readonly (string Fault, string Kind, Action<object> Alter)[] _faults =
    [
        ("a post is gone", "lost", static answer => (answer as ListByUserResponse)?.Media.RemoveAt(0)),
        ("a post is there twice", "double", static answer => (answer as ListByUserResponse)?.Media.Insert(0, ((ListByUserResponse)answer).Media[0])),
        ("a post is not in the feed", "lost", static answer => (answer as HomeFeedResponse)?.Items.RemoveAt(0)),
        ("a post was not counted", "count not exact", static answer => Count(answer as GetUserCountsResponse, -1)),
        ("a post was counted twice", "count not exact", static answer => Count(answer as GetUserCountsResponse, 1)),
        ("a like is gone", "lost", static answer => Dislike(answer as HasLikedResponse)),
        ("a like was counted twice", "count not exact", static answer => Count(answer as GetMediaCountsResponse, 1)),
        ("a comment is gone", "lost", static answer => (answer as ListCommentsResponse)?.Comments.RemoveAt(0)),
    ];

    [Fact]
    public async Task EveryLossAndEveryDoubleIsTold()
    {
        var ct = Patience.Token();
        await using var client = new MeshClient(mesh.Endpoints().Grpc);
        var people = await People.SeedAsync(client, 3, celebrity: false, static _ => { }, ct);
        await people.CountPostsAsync(client, ct);
        var judge = new Judge(new StreamClock(MeshEndpoints.Of("127.0.0.1:1", null)), new Violations());
        var world = new World(client, people.All, judge, new Settlement(), null);
        for (var n = 0; n < 3; n++)
        {
            var (posted, media) = await world.PostAsync(people.All[0], [], ct);
            Assert.False(posted.IsError, posted.Message);
            Assert.False((await world.LikeAsync(people.All[1], media, ct)).IsError);
            Assert.False((await world.CommentAsync(people.All[2], media, ct)).IsError);
        }

        // One author, three posts with likes, the same with comments, three home feeds.
        Assert.Equal(([], 10), await CheckAsync(static _ => { }, Patience.Limit));
        foreach (var (fault, kind, alter) in _faults)
        {
            var (kinds, _) = await CheckAsync(alter, TimeSpan.Zero);
            Assert.True(kinds is [var only] && only == kind, $"{fault}: {string.Join(", ", kinds)}");
        }

        async Task<(string[] Kinds, int Compared)> CheckAsync(Action<object> alter, TimeSpan limit)
        {
            await using var altered = new MeshClient(mesh.Endpoints().Grpc, new AlteredAnswers(alter));
            var violations = new Violations();
            var result = new WorkerResult([], [], 1, true, judge.Posts.Written(), judge.Likes.Written(), judge.Comments.Written());
            var compared = await new FinalCheck(altered, people.All, [result], violations, limit).RunAsync(ct);
            return ([.. violations.Counts.Keys], compared);
        }
    }

    [Fact]
    public async Task AWriteThatIsNeverAcknowledgedIsNotSettled()
    {
        var (settlement, tries) = (new Settlement(), 0);
        settlement.Add(_ => Task.FromResult(1L));
        settlement.Add(_ => ++tries > 2 ? Task.FromResult(2L) : throw new RpcException(new Status(StatusCode.Unavailable, "")));
        Assert.Equal(0, await settlement.RunAsync(Patience.Limit, CancellationToken.None));
        settlement.Add(static _ => throw new RpcException(new Status(StatusCode.Unavailable, "")));
        Assert.Equal(1, await settlement.RunAsync(TimeSpan.FromSeconds(0.2), CancellationToken.None));
    }

    private static void Count(GetUserCountsResponse? answer, int more)
    {
        if (answer is not null) answer.Counts.Media += more;
    }

    private static void Count(GetMediaCountsResponse? answer, int more)
    {
        if (answer is not null) answer.Counts.Likes += more;
    }

    private static void Dislike(HasLikedResponse? answer)
    {
        if (answer is not null) answer.Like.Liked = false;
    }
}
