using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class FanoutTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private const short Push = 1;
    private const short ActiveFirst = 2;
    private const short Pull = 3;

    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task APostReachesEveryFollowerOnBothNodesAndNobodyElse()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(35);
        await fanout.FollowAsync(author, readers);
        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers[..30]);
        var stranger = FanoutNodes.Readers(1, first: 500);
        await fanout.OpenTimelinesAsync(stranger);

        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        await fanout.SettleAsync();

        foreach (var reader in readers[..30])
        {
            Assert.Equal([TimelineEntry.Post(post)], await fanout.EntriesAsync(reader));
        }

        foreach (var reader in readers[30..])
        {
            Assert.Null(await fanout.TimelineAsync(reader));
        }

        Assert.Empty(await fanout.EntriesAsync(stranger[0]));
        Assert.Equal((Push, 4L, 35L), await fanout.JobAsync(author, post));
    }

    [Fact]
    public async Task AFollowDropsTheFollowersTimelineAfterTheEdgeAndAnUnfollowDoesNot()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var author = nodes.Users[1];
        var reader = FanoutNodes.Readers(1)[0];
        await fanout.OpenTimelinesAsync([reader]);
        await fanout.FollowAsync(author, [reader]);
        await fanout.SettleAsync();
        Assert.Null(await fanout.TimelineAsync(reader));

        await fanout.OpenTimelinesAsync([reader]);
        await nodes.ExecuteAsync(reader, $"DELETE FROM follows WHERE follower_id = {reader}");
        await fanout.SettleAsync();
        Assert.NotNull(await fanout.TimelineAsync(reader));

        await fanout.FollowAsync(author, [reader]);
        await fanout.SettleAsync();
        Assert.Null(await fanout.TimelineAsync(reader));
    }

    [Fact]
    public async Task ABlockAndItsEndDropBothTimelines()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var (blocker, blocked) = (nodes.Users[0], nodes.Users[1]);
        foreach (var sql in new[] { $"INSERT INTO blocks (blocker_id, blocked_id) VALUES ({blocker}, {blocked})", $"DELETE FROM blocks" })
        {
            await fanout.OpenTimelinesAsync([blocker, blocked]);
            await nodes.ExecuteAsync(nodes.NodeOf(blocker), sql);
            await fanout.SettleAsync();
            Assert.Null(await fanout.TimelineAsync(blocker));
            Assert.Null(await fanout.TimelineAsync(blocked));
        }
    }

    [Fact]
    public async Task EachTierDoesWhatItSaysAndCrossingTheLimitLeavesNoTimelineWithoutPostOrNotice()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(110);
        await fanout.FollowAsync(author, readers[..60]);
        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers[..60]);
        foreach (var reader in readers[..15])
        {
            await nodes.ExecuteAsync(reader, $"INSERT INTO active_users (user_id, active_at) VALUES ({reader}, now())");
        }

        var first = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, first);
        await fanout.SettleAsync();
        Assert.Equal((ActiveFirst, 12L, 60L), await fanout.JobAsync(author, first));
        foreach (var reader in readers[..60])
        {
            // Once: the second pass leaves out whom the first has reached.
            var timeline = await fanout.Store.ReadAsync(reader, nodes.Limit);
            Assert.Equal([TimelineEntry.Post(first)], timeline!.Entries.ToArray());
        }

        // Across the limit: whoever follows already gets the notice.
        await fanout.FollowAsync(author, readers[60..]);
        await fanout.SettleAsync();
        foreach (var reader in readers[..60])
        {
            Assert.Equal([TimelineEntry.Notice(author), TimelineEntry.Post(first)], await fanout.EntriesAsync(reader));
        }

        var second = TwoNodes.PostOf(author, 2);
        await fanout.PostAsync(author, second);
        await fanout.SettleAsync();
        Assert.Equal((Pull, 0L, 110L), await fanout.JobAsync(author, second));
        Assert.DoesNotContain(TimelineEntry.Post(second), (await fanout.EntriesAsync(readers[0])));

        // And back: posts are pushed again.
        foreach (var reader in readers[95..])
        {
            await nodes.ExecuteAsync(reader, $"DELETE FROM follows WHERE follower_id = {reader}");
        }

        await fanout.SettleAsync();
        var third = TwoNodes.PostOf(author, 3);
        await fanout.PostAsync(author, third);
        await fanout.SettleAsync();
        Assert.Equal((ActiveFirst, 20L, 95L), await fanout.JobAsync(author, third));
        Assert.Contains(TimelineEntry.Post(third), (await fanout.EntriesAsync(readers[0])));
    }

    [Fact]
    public async Task PostsArePushedUntilTheNoticeHasEnded()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        var projecting = await nodes.StartProjectorAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(101);
        await fanout.FollowAsync(author, readers);
        await fanout.SettleAsync();
        await nodes.StopAsync(projecting);

        // As if the notice were on its way.
        await nodes.ExecuteAsync(author, $"UPDATE fanout_jobs SET ended_at = NULL, after_follower = 0 WHERE kind = 2 AND author_id = {author}");
        await fanout.OpenTimelinesAsync(readers[..5]);
        // Active, so that he is served before any page is held up.
        await nodes.ExecuteAsync(readers[0], $"INSERT INTO active_users (user_id, active_at) VALUES ({readers[0]}, now())");
        var hold = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        await fanout.StartAsync(async () =>
        {
            reached.TrySetResult();
            await hold.Task;
        });
        await reached.Task.WaitAsync(nodes.Limit);
        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        await nodes.SettleAsync();
        // Planned, and that while the notice is held.
        await fanout.UntilAsync(nodes.NodeOf(author), $"SELECT EXISTS (SELECT FROM fanout_jobs WHERE subject_id = {post})");
        await Patience.UntilAsync(
            async () => (await fanout.EntriesAsync(readers[0])).Contains(TimelineEntry.Post(post)), "the post is in an active reader's feed");

        hold.SetResult();
        await fanout.SettleAsync();
        Assert.Equal(ActiveFirst, (await fanout.JobAsync(author, post)).Tier);
        Assert.Equal([TimelineEntry.Notice(author), TimelineEntry.Post(post)], await fanout.EntriesAsync(readers[4]));
    }

    [Fact]
    public async Task APageThatWasSentAndNotStoredIsSentAgain()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(35);
        var sent = new TaskCompletionSource();
        var dead = new TaskCompletionSource();
        var projecting = await fanout.StartAsync(async () =>
        {
            sent.TrySetResult();
            await dead.Task;
        });
        await fanout.FollowAsync(author, readers);
        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers);
        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        await sent.Task.WaitAsync(nodes.Limit);
        await nodes.AbandonAsync(projecting);
        dead.SetCanceled();
        Assert.Equal(0L, await nodes.QueryAsync<long>(nodes.NodeOf(author), $"SELECT after_follower FROM fanout_jobs WHERE subject_id = {post}"));

        await nodes.StartProjectorAsync();
        await fanout.SettleAsync();
        foreach (var reader in readers)
        {
            Assert.Equal([TimelineEntry.Post(post)], await fanout.EntriesAsync(reader));
        }
    }

    [Fact]
    public async Task AServerThatIsAwayHoldsUpItsOwnTimelinesAloneAndTheOthersGetNothingTwice()
    {
        await using var steady = await EmbeddedMemcached.StartAsync();
        var away = await EmbeddedMemcached.StartAsync();
        await using var fanout = await FanoutNodes.CreateAsync(_servers, [steady.Address, away.Address]);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(30);
        await fanout.FollowAsync(author, readers);
        await fanout.SettleAsync();
        var served = readers.Where(reader => fanout.ServerOf(reader) == steady.Address).ToList();
        Assert.InRange(served.Count, 1, readers.Length - 1);
        await fanout.OpenTimelinesAsync(served);

        await away.CrashAsync();
        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        foreach (var reader in served)
        {
            await Patience.UntilAsync(async () => (await fanout.EntriesAsync(reader)).Length > 0, "the post is in the feeds of the server that is there");
        }

        Assert.True(await nodes.QueryAsync<bool>(
            nodes.NodeOf(author), $"SELECT ended_at IS NULL AND after_follower = 0 FROM fanout_jobs WHERE subject_id = {post}"));
        await using var back = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = away.Port });
        await fanout.SettleAsync();
        foreach (var reader in served)
        {
            Assert.Equal([TimelineEntry.Post(post)], (await fanout.Store.ReadAsync(reader, nodes.Limit))!.Entries.ToArray());
        }
    }

    [Fact]
    public async Task PostsReachEveryFollowerAlthoughTheProjectorIsKilledAgainAndAgain()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(60);
        await fanout.FollowAsync(author, readers);
        List<TimelineEntry> posts = [];
        for (var life = 0; life < 3; life++)
        {
            await using var process = nodes.StartProjectorProcess();
            if (life == 0)
            {
                await fanout.SettleAsync();
                await fanout.OpenTimelinesAsync(readers);
            }

            for (var n = 0; n < 30; n++)
            {
                var post = TwoNodes.PostOf(author, posts.Count);
                posts.Add(TimelineEntry.Post(post));
                await fanout.PostAsync(author, post);
            }

            await fanout.UntilAsync(nodes.NodeOf(author), $"SELECT count(*) > {life * 30} FROM fanout_jobs WHERE kind = 1 AND ended_at IS NOT NULL");
            // With something in its hands.
            await process.KillAsync();
        }

        await nodes.StartProjectorAsync();
        await fanout.SettleAsync();
        foreach (var reader in readers)
        {
            Assert.Equal(posts, await fanout.EntriesAsync(reader));
        }
    }

    [Fact]
    public async Task ARebuildMakesJobsForYoungPostsWithoutOneAndForNoOther()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        var author = nodes.Users[0];
        var (young, old) = (TwoNodes.PostOf(author, 1), Contracts.Ids.InstaId.Create(5, new Contracts.Ids.InstaId(author).Shard, 1).Value);
        await fanout.PostAsync(author, young);
        await fanout.PostAsync(author, old);
        for (var time = 0; time < 2; time++)
        {
            await nodes.Rebuild.RunAsync(nodes.NodeOf(author), null, nodes.Limit);
            Assert.Equal(
                young, await nodes.QueryAsync<long>(nodes.NodeOf(author), "SELECT sum(subject_id)::bigint FROM fanout_jobs WHERE kind = 1"));
        }
    }
}
