using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Embedded;
using InstaGrpc.Timelines;

namespace InstaGrpc.Feed.Tests;

public class HomeFeedTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AFeedHoldsFollowedAndOwnPostsHydratedAndNewestFirst()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var users = await mesh.UsersAsync(6);
        var (reader, stranger) = (users[0], users[5]);
        await mesh.FollowAsync(reader, users[1], users[2], users[3], users[4]);
        for (var i = 0; i < 20; i++)
        {
            await mesh.PostAsync(users[i % 6]);
        }

        var expected = await mesh.OracleAsync(reader);
        Assert.Equal(17, expected.Count);
        Assert.Equal(expected, await mesh.WalkAsync(reader));

        // From now on pushed; one's own are found without.
        var pushed = await mesh.PostAsync(users[3], reader);
        await mesh.PostAsync(stranger);
        var own = (await mesh.MediaAs(reader).CreateMediaAsync(new CreateMediaRequest { Caption = "mine", RequestId = "r" })).Media;
        await mesh.MediaAs(reader).LikeAsync(new LikeRequest { MediaId = pushed });
        await mesh.ExecuteAsync(pushed, $"UPDATE media_counts SET likes = 7 WHERE media_id = {pushed}");
        var page = await mesh.PageAsync(reader);
        Assert.Equal([own.Id, pushed, .. expected], page.Items.Select(static item => item.Media.Id));
        Assert.Equal("", page.NextPageToken);
        Assert.Equal((own, false), (page.Items[0].Media, page.Items[0].Liked));
        Assert.Equal((7, true), (page.Items[1].Counts.Likes, page.Items[1].Liked));
        Assert.Equal(users[3], page.Items[1].Media.OwnerId);
    }

    [Fact]
    public async Task PagesGoOnPastTheTimelinesEndWithoutGapOrRepeatWhileOthersWrite()
    {
        await using var mesh = await FeedMesh.StartAsync(
            servers.Servers, null, FeedMesh.Setting("TimelineCap", 20), FeedMesh.Setting("TimelineSlack", 5));
        var users = await mesh.UsersAsync(5);
        var reader = users[0];
        await mesh.FollowAsync(reader, users[1..]);
        for (var i = 0; i < 90; i++)
        {
            await mesh.PostAsync(users[i % 5]);
        }

        foreach (var size in (int[])[1, 7, 30, 100])
        {
            var expected = await mesh.OracleAsync(reader);
            var seen = await mesh.WalkAsync(reader, size, async () => await mesh.PostAsync(users[size % 4 + 1], reader));
            Assert.Equal(expected, seen);
        }

        // Grown past its cap, it was cut by a reader, and nothing is missing either.
        var timeline = await mesh.Store.ReadAsync(reader);
        Assert.InRange(timeline!.Entries.Length, 20, 26);
        Assert.Equal(await mesh.OracleAsync(reader), await mesh.WalkAsync(reader, 10));
    }

    [Fact]
    public async Task UnfollowedBlockedAndDeletedAreGoneAtOnceAndThePageIsFilledUp()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var users = await mesh.UsersAsync(6);
        var reader = users[0];
        await mesh.FollowAsync(reader, users[1..]);
        for (var i = 0; i < 60; i++)
        {
            await mesh.PostAsync(users[i % 6]);
        }

        Assert.Equal(60, (await mesh.WalkAsync(reader, 10)).Count);
        await mesh.GraphAs(reader).UnfollowAsync(new UnfollowRequest { UserId = users[1] });
        await mesh.GraphAs(reader).BlockAsync(new BlockRequest { UserId = users[2] });
        await mesh.GraphAs(users[3]).BlockAsync(new BlockRequest { UserId = reader });
        await mesh.ProjectBlockAsync(users[3], reader);
        var deleted = (await mesh.OracleAsync(reader)).Where(static (_, i) => i % 3 == 0).ToArray();
        foreach (var post in deleted)
        {
            await mesh.ExecuteAsync(
                post, $"UPDATE media SET deleted = true, deleted_at = now() WHERE id = {post}; DELETE FROM media_counts WHERE media_id = {post}");
        }

        var expected = await mesh.OracleAsync(reader);
        Assert.Equal(20, expected.Count);
        foreach (var size in (int[])[1, 4, 20, 100])
        {
            Assert.Equal(expected, await mesh.WalkAsync(reader, size));
        }

        Assert.Equal(10, (await mesh.PageAsync(reader, 10)).Items.Count);
    }

    [Fact]
    public async Task PulledAuthorsAreReadFromTheirListsHoweverLongTheyAre()
    {
        await using var mesh = await FeedMesh.StartAsync(
            servers.Servers, null, FeedMesh.Setting("ActiveFirstFrom", 2), FeedMesh.Setting("PullAbove", 3), new("Insta:Media:NewestListed", "8"));
        var users = await mesh.UsersAsync(5);
        var (reader, star, crossing) = (users[0], users[1], users[2]);
        await mesh.FollowAsync(reader, users[1..]);
        await mesh.ExecuteAsync(star, $"UPDATE user_counts SET followers = 4 WHERE user_id = {star}");
        for (var i = 0; i < 40; i++)
        {
            await mesh.PostAsync(users[i % 5]);
        }

        Assert.Equal(await mesh.OracleAsync(reader), await mesh.WalkAsync(reader, 6));
        var timeline = (await mesh.Store.ReadAsync(reader))!;
        Assert.Equal([TimelineEntry.Notice(star)], timeline.Entries.ToArray().Where(static entry => entry.IsNotice));

        // Nobody pushes these; the reader finds them. Then another crosses the limit, and his notice is enough.
        await mesh.PostAsync(star);
        await mesh.Appender.AppendAsync(new[] { reader }, TimelineEntry.Notice(crossing));
        await mesh.PostAsync(crossing);
        var posts = await mesh.OracleAsync(reader);
        Assert.Equal(42, posts.Count);
        foreach (var size in (int[])[3, 50])
        {
            Assert.Equal(posts, await mesh.WalkAsync(reader, size));
        }

        // One whom he does not follow any more is not asked for.
        await mesh.GraphAs(reader).UnfollowAsync(new UnfollowRequest { UserId = crossing });
        Assert.Equal(await mesh.OracleAsync(reader), await mesh.WalkAsync(reader, 10));
    }

    [Fact]
    public async Task ALostTimelineIsBuiltAgainAndWithoutMemcachedFeedsArePulled()
    {
        await using var memcached = await EmbeddedMemcached.StartAsync();
        await using var mesh = await FeedMesh.StartAsync(
            servers.Servers, null, new KeyValuePair<string, string?>("Insta:Memcached:Servers", memcached.Address));
        var users = await mesh.UsersAsync(4);
        await mesh.FollowAsync(users[0], users[1..]);
        for (var i = 0; i < 40; i++)
        {
            await mesh.PostAsync(users[i % 4]);
        }

        var expected = await mesh.OracleAsync(users[0]);
        Assert.Equal(expected, await mesh.WalkAsync(users[0], 7));
        await mesh.Store.DropAsync(users[0]);
        Assert.Equal(expected, await mesh.WalkAsync(users[0], 7, async () => await mesh.Store.DropAsync(users[0])));

        await memcached.CrashAsync();
        Assert.Equal(expected, await mesh.WalkAsync(users[0], 7));
    }

    [Fact]
    public async Task AFeedIsItsReadersOwnAndBadInputIsRefusedByItsField()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var (ann, bob) = (await mesh.UserAsync(), await mesh.UserAsync());
        for (var i = 0; i < 3; i++)
        {
            await mesh.PostAsync(ann);
        }

        await mesh.FeedAs(bob).HomeFeedAsync(new HomeFeedRequest { UserId = ann }).FailsAsync(StatusCode.PermissionDenied);
        var service = new FeedService.FeedServiceClient(mesh.Mesh.As("service:warm"));
        Assert.Equal(3, (await service.HomeFeedAsync(new HomeFeedRequest { UserId = ann })).Items.Count);
        await service.HomeFeedAsync(new HomeFeedRequest { UserId = 17 }).MissesAsync("user_id");
        await mesh.FeedAs(17).HomeFeedAsync(new HomeFeedRequest { UserId = 17 }).MissesAsync("user_id");

        var token = (await mesh.PageAsync(ann, 1)).NextPageToken;
        Assert.NotEqual("", token);
        foreach (var bad in (string[])["x", token[1..], token + "A", new string('A', token.Length)])
        {
            await mesh.FeedAs(ann).HomeFeedAsync(new HomeFeedRequest { UserId = ann, PageToken = bad }).RefusesAsync("page_token");
            await mesh.FeedAs(ann).UserFeedAsync(new UserFeedRequest { UserId = ann, PageToken = bad }).RefusesAsync("page_token");
        }

        await mesh.FeedAs(bob).HomeFeedAsync(new HomeFeedRequest { UserId = bob, PageToken = token }).RefusesAsync("page_token");
        await mesh.FeedAs(ann).UserFeedAsync(new UserFeedRequest { UserId = ann, PageToken = token }).RefusesAsync("page_token");
        foreach (var size in (int[])[-1, 101])
        {
            await mesh.FeedAs(ann).HomeFeedAsync(new HomeFeedRequest { UserId = ann, PageSize = size }).RefusesAsync("page_size");
            await mesh.FeedAs(ann).UserFeedAsync(new UserFeedRequest { UserId = ann, PageSize = size }).RefusesAsync("page_size");
        }

        foreach (var id in (long[])[0, -1, long.MaxValue])
        {
            await service.HomeFeedAsync(new HomeFeedRequest { UserId = id }).RefusesAsync("user_id");
            await service.UserFeedAsync(new UserFeedRequest { UserId = id }).RefusesAsync("user_id");
        }

        await service.UserFeedAsync(new UserFeedRequest { UserId = 17 }).MissesAsync("user_id");
    }

    [Fact]
    public async Task TheNumberOfCallsDoesNotGrowWithThePage()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var users = await mesh.UsersAsync(5);
        await mesh.FollowAsync(users[0], users[1..]);
        for (var i = 0; i < 120; i++)
        {
            await mesh.PostAsync(users[i % 5]);
        }

        await mesh.PageAsync(users[0]);

        // The feed itself, relations, own newest posts, posts, counts, likes.
        Assert.Equal([6, 6, 6], await CallsAsync(mesh, users[0]));
    }

    [Fact]
    public async Task BelowTheFloorTheNumberOfCallsDoesNotGrowWithThePageEither()
    {
        await using var mesh = await FeedMesh.StartAsync(
            servers.Servers, null, FeedMesh.Setting("TimelineCap", 20), FeedMesh.Setting("TimelineSlack", 5));
        var users = await mesh.UsersAsync(5);
        await mesh.FollowAsync(users[0], users[1..]);
        for (var i = 0; i < 140; i++)
        {
            await mesh.PostAsync(users[i % 5]);
        }

        var first = await mesh.PageAsync(users[0], 30);
        Assert.InRange((await mesh.Store.ReadAsync(users[0]))!.Entries.Length, 1, 25);

        // The same without one's own newest posts: they come from PostgreSQL with the others'.
        Assert.Equal([5, 5, 5], await CallsAsync(mesh, users[0], first.NextPageToken));
    }

    [Fact]
    public async Task WhatIsDroppedCostsACallForEachHundredWhateverThePage()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers);
        var users = await mesh.UsersAsync(5);
        await mesh.FollowAsync(users[0], users[1..]);
        for (var i = 0; i < 260; i++)
        {
            await mesh.PostAsync(users[i % 5]);
        }

        await mesh.PageAsync(users[0]);
        foreach (var id in (await mesh.OracleAsync(users[0])).Take(150))
        {
            await mesh.ExecuteAsync(id, $"UPDATE media SET deleted = true, deleted_at = now() WHERE id = {id}");
        }

        Assert.Equal([8, 8, 8], await CallsAsync(mesh, users[0]));
    }

    [Fact]
    public async Task WhoReadsHisFeedIsWrittenDownAsActive()
    {
        await using var mesh = await FeedMesh.StartAsync(servers.Servers, null, FeedMesh.Setting("ActivityInterval", "00:00:00.05"));
        var (ann, bob) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.PageAsync(ann);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await mesh.QueryAsync<long>(ann, $"SELECT count(*) FROM active_users WHERE user_id = {ann} AND active_at > now() - interval '5 min'") == 0)
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        Assert.Equal(0, await mesh.QueryAsync<long>(bob, $"SELECT count(*) FROM active_users WHERE user_id = {bob}"));
    }

    /// <summary>Of a page of 1, 10 and 100 entries.</summary>
    private static async Task<List<int>> CallsAsync(FeedMesh mesh, long reader, string token = "")
    {
        List<int> calls = [];
        foreach (var size in (int[])[1, 10, 100])
        {
            using var trace = new CallTrace();
            Assert.Equal(size, (await mesh.PageAsync(reader, size, token)).Items.Count);
            calls.Add(trace.ServedCalls);
        }

        return calls;
    }
}
