using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Integration.Tests;

/// <summary>Home feeds through the cache, with every role running.</summary>
public class HomeFeedTests(RunningMesh running) : IClassFixture<RunningMesh>
{
    private const int Rounds = 20;

    private RunningMesh Mesh => running.Mesh;

    [Fact]
    public async Task WhoUnfollowsBlocksOrDeletesSeesItInHisNextPageHoweverOftenItWasRead()
    {
        var (reader, friend) = ((await Mesh.NewUserAsync("reader")).Id, (await Mesh.NewUserAsync("friend")).Id);
        var post = (await Mesh.NewMediaAsync(friend)).Id;
        var own = (await Mesh.NewMediaAsync(reader)).Id;
        await Mesh.Graph.FollowAsync(new FollowRequest { UserId = friend }, RunningMesh.AsUser(reader));
        await UntilAsync(reader, [own, post]);
        for (var round = 0; round < Rounds; round++)
        {
            var unfollow = Mesh.Graph.UnfollowAsync(new UnfollowRequest { UserId = friend }, RunningMesh.AsUser(reader));
            Assert.Equal([own], await IdsAsync(reader, await TokenAsync(unfollow)));
            var follow = Mesh.Graph.FollowAsync(new FollowRequest { UserId = friend }, RunningMesh.AsUser(reader));
            await TokenAsync(follow);
            await UntilAsync(reader, [own, post]);
        }

        var block = Mesh.Graph.BlockAsync(new BlockRequest { UserId = friend }, RunningMesh.AsUser(reader));
        Assert.Equal([own], await IdsAsync(reader, await TokenAsync(block)));
        var delete = Mesh.Media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = own }, RunningMesh.AsUser(reader));
        Assert.Empty(await IdsAsync(reader, await TokenAsync(delete)));
    }

    private static async Task<string> TokenAsync<T>(AsyncUnaryCall<T> call)
    {
        await call;
        return call.GetTrailers().GetValue("insta-lsn")!;
    }

    private async Task<List<long>> IdsAsync(long reader, string? token)
    {
        var page = await Mesh.Feed.HomeFeedAsync(new HomeFeedRequest { UserId = reader }, RunningMesh.AsUser(reader, token));
        return [.. page.Items.Select(static item => item.Media.Id)];
    }

    private async Task UntilAsync(long reader, List<long> expected)
    {
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        while (!(await IdsAsync(reader, null)).SequenceEqual(expected))
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
