using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Feed.Tests;

/// <summary>What the projector would write is written here by hand.</summary>
public class NotificationTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task NotificationsAreListedNewestFirstAndMarkedReadUpToOneThatIsThere()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var ann = await mesh.CreateAsync("ann");
        for (var n = 1; n <= 5; n++)
        {
            await TellAsync(mesh, ann.Id, n);
        }

        var feed = new FeedService.FeedServiceClient(mesh.Mesh.As($"user:{ann.Id}"));
        var first = await feed.ListNotificationsAsync(new ListNotificationsRequest { PageSize = 3 });
        Assert.Equal([5L, 4L, 3L], first.Notifications.Select(static n => n.ActorId));
        await TellAsync(mesh, ann.Id, 6);
        var second = await feed.ListNotificationsAsync(new ListNotificationsRequest { PageSize = 3, PageToken = first.NextPageToken });
        Assert.Equal([2L, 1L], second.Notifications.Select(static n => n.ActorId));
        Assert.Empty(second.NextPageToken);
        Assert.All(second.Notifications, static n => Assert.False(n.Read));

        await feed.MarkReadAsync(new MarkReadRequest { UpToId = second.Notifications[0].Id });
        Assert.Equal(
            [false, false, false, false, true, true],
            (await feed.ListNotificationsAsync(new ListNotificationsRequest())).Notifications.Select(static n => n.Read));
        // Further than there are any: what comes later is not read.
        await feed.MarkReadAsync(new MarkReadRequest { UpToId = IdAt(1_000) });
        await feed.MarkReadAsync(new MarkReadRequest { UpToId = 1 });
        await TellAsync(mesh, ann.Id, 7);
        Assert.Equal(
            [false, true, true, true, true, true, true],
            (await feed.ListNotificationsAsync(new ListNotificationsRequest())).Notifications.Select(static n => n.Read));

    }

    [Fact]
    public async Task BadInputIsRefusedByItsFieldAndWritesNothing()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var (ann, bob) = (await mesh.CreateAsync("ann"), await mesh.CreateAsync("bob"));
        foreach (var n in (int[])[1, 2])
        {
            await TellAsync(mesh, ann.Id, n);
            await TellAsync(mesh, bob.Id, n);
        }

        var feed = new FeedService.FeedServiceClient(mesh.Mesh.As($"user:{ann.Id}"));
        var another = new FeedService.FeedServiceClient(mesh.Mesh.As($"user:{bob.Id}"));
        var token = (await another.ListNotificationsAsync(new ListNotificationsRequest { PageSize = 1 })).NextPageToken;
        Assert.NotEqual("", token);
        foreach (var bad in (string[])["made up", token, token[1..]])
        {
            await feed.ListNotificationsAsync(new ListNotificationsRequest { PageToken = bad }).RefusesAsync("page_token");
        }

        foreach (var size in (int[])[-1, 101])
        {
            await feed.ListNotificationsAsync(new ListNotificationsRequest { PageSize = size }).RefusesAsync("page_size");
        }

        foreach (var id in (long[])[0, -1, long.MaxValue])
        {
            await feed.MarkReadAsync(new MarkReadRequest { UpToId = id }).RefusesAsync("up_to_id");
        }

        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM notification_heads WHERE read_up_to <> 0"));
        Assert.Equal(4, await mesh.CountAsync("SELECT count(*) FROM notifications"));
    }

    [Fact]
    public async Task AStreamShowsEachOnceAndGoesOnAfterTheLastIdThatItIsGiven()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var ann = await mesh.CreateAsync("ann");
        var feed = new FeedService.FeedServiceClient(mesh.Mesh.As($"user:{ann.Id}"));
        var last = 0L;
        for (var round = 0; round < 3; round++)
        {
            await TellAsync(mesh, ann.Id, (round * 3) + 1);
            using var stream = feed.WatchNotifications(new WatchNotificationsRequest { AfterId = last });
            for (var n = (round * 3) + 1; n <= (round * 3) + 3; n++)
            {
                Assert.True(await stream.ResponseStream.MoveNext(default).WaitAsync(TimeSpan.FromSeconds(60)));
                Assert.Equal(n, stream.ResponseStream.Current.Notification.ActorId);
                last = stream.ResponseStream.Current.Notification.Id;
                if (n < (round * 3) + 3)
                {
                    await TellAsync(mesh, ann.Id, n + 1);
                }
            }
        }
    }

    [Fact]
    public async Task WhatAHiddenUserDidIsNotShown()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var ann = await mesh.CreateAsync("ann");
        await TellAsync(mesh, ann.Id, 1);
        await TellAsync(mesh, ann.Id, 2);
        await TellAsync(mesh, ann.Id, 3);
        await mesh.ExecuteWhereAsync(ann.Id, $"INSERT INTO blocks (blocker_id, blocked_id) VALUES ({ann.Id}, 1)");
        await mesh.ExecuteWhereAsync(ann.Id, $"INSERT INTO blocked_by (blocker_id, blocked_id) VALUES (3, {ann.Id})");
        var feed = new FeedService.FeedServiceClient(mesh.Mesh.As($"user:{ann.Id}"));
        Assert.Equal([2L], (await feed.ListNotificationsAsync(new ListNotificationsRequest())).Notifications.Select(static n => n.ActorId));
        using var stream = feed.WatchNotifications(new WatchNotificationsRequest());
        Assert.True(await stream.ResponseStream.MoveNext(default).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(2, stream.ResponseStream.Current.Notification.ActorId);
    }

    [Fact]
    public async Task AFanoutIsExplainedAsItWouldBePlanned()
    {
        await using var mesh = await GraphMesh.StartAsync(
            servers.Servers, new("Insta:Feed:ActiveFirstFrom", "2000"), new("Insta:Feed:PullAbove", "50000"));
        var ann = await mesh.CreateAsync("ann");
        var feed = new FeedService.FeedServiceClient(mesh.Mesh.As("service:test"));
        await mesh.ExecuteWhereAsync(ann.Id, $"UPDATE user_counts SET followers = 1500 WHERE user_id = {ann.Id}");
        Assert.Equal((FanoutTier.Push, 1_500L, 2L, 15u), await ExplainAsync());
        // At the rate of a projector; and above the burst at the author's share, if that is slower.
        await mesh.ExecuteWhereAsync(ann.Id, $"UPDATE user_counts SET followers = 30000 WHERE user_id = {ann.Id}");
        Assert.Equal((FanoutTier.ActiveFirst, 30_000L, 60L, 1_000u), await ExplainAsync());
        await mesh.ExecuteWhereAsync(ann.Id, $"UPDATE user_counts SET followers = 9000 WHERE user_id = {ann.Id}");
        Assert.Equal((FanoutTier.ActiveFirst, 9_000L, 18L, 180u), await ExplainAsync());
        // Above the limit, and the followers have not been told.
        await mesh.ExecuteWhereAsync(ann.Id, $"UPDATE user_counts SET followers = 50001 WHERE user_id = {ann.Id}");
        Assert.Equal(FanoutTier.ActiveFirst, (await ExplainAsync()).Tier);
        await mesh.ExecuteWhereAsync(
            ann.Id, $"INSERT INTO fanout_jobs (author_id, kind, subject_id, ended_at) VALUES ({ann.Id}, 2, {ann.Id}, now())");
        Assert.Equal((FanoutTier.Pull, 50_001L, 0L, 0u), await ExplainAsync());

        await feed.ExplainFanoutAsync(new ExplainFanoutRequest()).FailsAsync(StatusCode.InvalidArgument);
        await feed.ExplainFanoutAsync(new ExplainFanoutRequest { UserId = 17 }).MissesAsync("user_id");
        await feed.ExplainFanoutAsync(new ExplainFanoutRequest { MediaId = 17 }).MissesAsync("media_id");

        async Task<(FanoutTier Tier, long Followers, long Batches, uint Eta)> ExplainAsync()
        {
            var plan = await feed.ExplainFanoutAsync(new ExplainFanoutRequest { UserId = ann.Id });
            return (plan.Tier, plan.Followers, plan.Batches, plan.EtaMs);
        }
    }

    [Fact]
    public async Task UsersAreFoundByTheBeginningOfTheirNamesInPagesOverBothNodes()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        List<User> users = [];
        foreach (var name in new[] { "anna", "ann", "anne", "bob", "ann.2", "an" })
        {
            users.Add(await mesh.CreateAsync(name));
            await mesh.ExecuteWhereAsync(
                users[^1].Id, $"INSERT INTO search_terms (subject_id, kind, term) VALUES ({users[^1].Id}, 1, '{name}')");
        }

        Assert.Equal(["ann", "ann.2", "anna", "anne"], await WalkAsync("@Ann", 1));
        Assert.Equal(["ann", "ann.2", "anna", "anne"], await WalkAsync("ann", 3));
        Assert.Equal(["bob"], await WalkAsync("bob", 100));
        await mesh.ExecuteWhereAsync(users[1].Id, $"UPDATE users SET deleted_at = now() WHERE id = {users[1].Id}");
        Assert.Equal(["ann.2", "anna", "anne"], await WalkAsync("ann", 2));

        var token = (await mesh.Service.SearchAsync(new Contracts.GraphV1.SearchRequest { Prefix = "ann", PageSize = 1 })).NextPageToken;
        foreach (var request in new Contracts.GraphV1.SearchRequest[]
        {
            new(), new() { Prefix = "no spaces" }, new() { Prefix = "ann", PageSize = -1 }, new() { Prefix = "ann", PageSize = 101 },
            new() { Prefix = "an", PageToken = token }, new() { Prefix = "ann", PageToken = "made up" },
        })
        {
            await mesh.Service.SearchAsync(request).FailsAsync(StatusCode.InvalidArgument);
        }

        async Task<List<string>> WalkAsync(string prefix, int size)
        {
            List<string> names = [];
            var pageToken = "";
            do
            {
                var page = await mesh.Service.SearchAsync(new Contracts.GraphV1.SearchRequest { Prefix = prefix, PageSize = size, PageToken = pageToken });
                Assert.InRange(page.Users.Count, 0, size);
                names.AddRange(page.Users.Select(static user => user.Name));
                pageToken = page.NextPageToken;
            }
            while (pageToken.Length > 0);
            return names;
        }
    }

    private static long IdAt(int n) => InstaId.Create(1_000 + n, 5, 0).Value;

    private static Task TellAsync(GraphMesh mesh, long user, int n) => mesh.ExecuteWhereAsync(user, $"""
        INSERT INTO notifications (user_id, id, kind, actor_id, media_id, comment_id, created_at) VALUES ({user}, {IdAt(n)}, 3, {n}, 0, 0, now());
        INSERT INTO notification_heads (user_id, ordinal) VALUES ({user}, {n}) ON CONFLICT (user_id) DO UPDATE SET ordinal = excluded.ordinal;
        SELECT pg_notify('insta_notifications', '');
        """);
}
