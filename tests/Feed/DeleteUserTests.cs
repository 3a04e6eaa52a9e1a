using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Services.Feed;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Feed.Tests;

public class DeleteUserTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ADeletedUserIsGoneAtOnceAndEverythingOfHimSoon()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers, null, FeedMesh.Setting("SweepInterval", "01:00:00"));
        var users = await mesh.UsersAsync(6);
        var (gone, others) = (users[0], users[1..]);
        var name = (await mesh.Graph.GetUserAsync(new GetUserRequest { UserId = gone })).User.Name;
        await mesh.FollowAsync(gone, others);
        foreach (var other in others)
        {
            await mesh.FollowAsync(other, gone);
            await mesh.ExecuteAsync(gone, $"INSERT INTO followers (followee_id, follower_id) VALUES ({gone}, {other})");
            var post = await mesh.PostAsync(other);
            await mesh.MediaAs(gone).LikeAsync(new LikeRequest { MediaId = post });
            await mesh.ExecuteAsync(other, $"""
                INSERT INTO notifications (user_id, id, kind, actor_id, media_id, comment_id, created_at) VALUES ({other}, 1, 3, {gone}, 0, 0, now())
                """);
            await mesh.MediaAs(gone).AddCommentAsync(new AddCommentRequest { MediaId = post, Text = "hi", RequestId = $"{other}" });
            await mesh.PostAsync(gone);
        }

        await mesh.GraphAs(gone).BlockAsync(new BlockRequest { UserId = others[0] });
        await mesh.ExecuteAsync(others[1], $"INSERT INTO blocks VALUES ({others[1]}, {gone})");
        await mesh.ProjectBlockAsync(others[1], gone);
        await mesh.ExecuteAsync(gone, $"INSERT INTO media (id, owner_id) SELECT 16777216::bigint * n + ({gone} & 8387584), {gone} FROM generate_series(1, 2500) n");
        Assert.Equal(2506, (await mesh.WalkAsync(others[3], 100)).Count);

        await mesh.GraphAs(others[0]).DeleteUserAsync(new DeleteUserRequest { UserId = gone }).FailsAsync(StatusCode.PermissionDenied);
        await mesh.GraphAs(gone).DeleteUserAsync(new DeleteUserRequest { UserId = gone });
        await mesh.Graph.GetUserAsync(new GetUserRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);
        await mesh.Graph.GetUserByNameAsync(new GetUserByNameRequest { Name = name }).FailsAsync(StatusCode.NotFound);
        await mesh.Graph.GetUserCountsAsync(new GetUserCountsRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);
        await mesh.FeedAs(others[3]).UserFeedAsync(new UserFeedRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);
        await mesh.FeedAs(gone).HomeFeedAsync(new HomeFeedRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);
        await mesh.GraphAs(others[4]).FollowAsync(new FollowRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);

        // It began to sweep by itself; another is at it, or finds the rest.
        var sweep = mesh.Mesh.Services.GetRequiredService<UserSweep>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        foreach (var node in mesh.Nodes.Pool.DataNodes)
        {
            while (!await sweep.SweepAsync(node, limit.Token))
            {
            }
        }

        foreach (var left in (string[])
            [
                $"media WHERE owner_id = {gone} AND NOT deleted", $"media_counts c WHERE EXISTS (SELECT FROM media m WHERE m.id = c.media_id AND m.owner_id = {gone})",
                $"follows WHERE follower_id = {gone} OR followee_id = {gone}", $"blocks WHERE blocker_id = {gone} OR blocked_id = {gone}",
                $"likes WHERE user_id = {gone}", $"comments WHERE author_id = {gone}", $"user_counts WHERE user_id = {gone}",
                $"notifications WHERE actor_id = {gone}",
            ])
        {
            Assert.True(await mesh.CountAsync($"SELECT count(*) FROM {left}") == 0, left);
        }

        Assert.Equal(1, await mesh.CountAsync("SELECT count(*) FROM deleted_users"));
        var feed = await mesh.WalkAsync(others[3], 100);
        Assert.Equal(await mesh.OracleAsync(others[3]), feed);
        Assert.Single(feed);

        // His name is free, and deleting him once more does nothing.
        await mesh.Graph.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = "again" });
        await new GraphService.GraphServiceClient(mesh.Mesh.As("admin")).DeleteUserAsync(new DeleteUserRequest { UserId = gone });
        Assert.Equal(name, (await mesh.Graph.GetUserByNameAsync(new GetUserByNameRequest { Name = name })).User.Name);
        await mesh.GraphAs(17).DeleteUserAsync(new DeleteUserRequest { UserId = 17 }).FailsAsync(StatusCode.NotFound);
    }

    [Fact]
    public async Task WhatWasWrittenWhileHeWasDeletedIsFoundByALaterRoundAndThenHeIsForgotten()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers, null, FeedMesh.Setting("SweepInterval", "00:00:00.05"));
        var (gone, other) = (await mesh.UserAsync(), await mesh.UserAsync());
        var post = await mesh.PostAsync(other);
        await mesh.GraphAs(gone).DeleteUserAsync(new DeleteUserRequest { UserId = gone });
        await mesh.ExecuteAsync(post, $"INSERT INTO likes (media_id, user_id) VALUES ({post}, {gone})");
        await UntilNoneAsync(mesh, $"likes WHERE user_id = {gone}");
        Assert.Equal(1, await mesh.CountAsync("SELECT count(*) FROM deleted_users"));
        await mesh.ExecuteAsync(gone, "UPDATE deleted_users SET deleted_at = now() - interval '2 hours'");
        await UntilNoneAsync(mesh, "deleted_users");
        await mesh.Graph.GetUserAsync(new GetUserRequest { UserId = gone }).FailsAsync(StatusCode.NotFound);
    }

    private static async Task UntilNoneAsync(FeedMesh mesh, string rows)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (await mesh.CountAsync($"SELECT count(*) FROM {rows}") > 0)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
