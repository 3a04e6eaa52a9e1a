using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;

namespace InstaGrpc.Feed.Tests;

public class BlockTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ABlockEndsFollowsBothWaysAndHidesBothFromEachOther()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var (ann, bob) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(ann, bob);
        await mesh.FollowAsync(bob, ann);
        var (ofAnn, ofBob) = (await mesh.PostAsync(ann), await mesh.PostAsync(bob));
        Assert.Equal([ofBob, ofAnn], await mesh.WalkAsync(ann));
        Assert.Equal([ofAnn], (await UserFeedAsync(mesh, bob, ann)).Items.Select(static item => item.Media.Id));

        await mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = bob });
        await mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = bob });
        await mesh.ProjectBlockAsync(ann, bob);
        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM follows"));
        Assert.Equal([ofAnn], await mesh.WalkAsync(ann));
        Assert.Equal([ofBob], await mesh.WalkAsync(bob));
        Assert.Empty((await UserFeedAsync(mesh, bob, ann)).Items);
        Assert.Empty((await UserFeedAsync(mesh, ann, bob)).Items);
        Assert.Single((await UserFeedAsync(mesh, ann, ann)).Items);
        await mesh.GraphAs(bob).FollowAsync(new FollowRequest { UserId = ann }).FailsAsync(StatusCode.FailedPrecondition);
        await mesh.GraphAs(ann).FollowAsync(new FollowRequest { UserId = bob }).FailsAsync(StatusCode.FailedPrecondition);

        await mesh.GraphAs(ann).UnblockAsync(new UnblockRequest { UserId = bob });
        await mesh.GraphAs(ann).UnblockAsync(new UnblockRequest { UserId = bob });
        await mesh.ExecuteAsync(bob, "DELETE FROM blocked_by");
        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM follows"));
        await mesh.FollowAsync(bob, ann);
        await mesh.Appender.DropAsync(new[] { bob });
        Assert.Equal([ofBob, ofAnn], await mesh.WalkAsync(bob));
        Assert.Single((await UserFeedAsync(mesh, bob, ann)).Items);
    }

    [Fact]
    public async Task AFollowThatRunsBesideABlockIsGoneWhenBothAreDone()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        for (var round = 0; round < 20; round++)
        {
            var (ann, bob) = (await mesh.UserAsync(), await mesh.UserAsync());
            var block = mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = bob }).ResponseAsync;
            var follows = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => CodeAsync(mesh, i % 2 == 0 ? (ann, bob) : (bob, ann))));
            await block;
            Assert.All(follows, static code => Assert.True(code is StatusCode.OK or StatusCode.FailedPrecondition, $"{code}"));
            Assert.Equal(0, await mesh.CountAsync($"SELECT count(*) FROM follows WHERE follower_id IN ({ann}, {bob})"));
        }
    }

    [Fact]
    public async Task BadInputIsRefusedAndWritesNothing()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var ann = await mesh.UserAsync();
        await mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = ann }).RefusesAsync("user_id");
        foreach (var id in (long[])[0, -1, long.MaxValue])
        {
            await mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.GraphAs(ann).UnblockAsync(new UnblockRequest { UserId = id }).RefusesAsync("user_id");
        }

        await mesh.GraphAs(ann).BlockAsync(new BlockRequest { UserId = 17 }).FailsAsync(StatusCode.NotFound);
        await mesh.GraphAs(17).BlockAsync(new BlockRequest { UserId = ann }).FailsAsync(StatusCode.NotFound);
        await mesh.GraphAs(ann).GetRelationsAsync(new GetRelationsRequest { UserId = ann }).FailsAsync(StatusCode.PermissionDenied);
        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM blocks"));
    }

    private static async Task<StatusCode> CodeAsync(FeedMesh mesh, (long Follower, long Followee) follow)
    {
        try
        {
            await mesh.GraphAs(follow.Follower).FollowAsync(new FollowRequest { UserId = follow.Followee });
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    private static async Task<UserFeedResponse> UserFeedAsync(FeedMesh mesh, long viewer, long user) =>
        await mesh.FeedAs(viewer).UserFeedAsync(new UserFeedRequest { UserId = user });
}
