using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines.Tests;

public class StoreTests
{
    private const long User = 42L << 30;

    private static readonly long[] _reader = [User];

    [Fact]
    public async Task OneBuildsAndWhatIsAppendedMeanwhileIsKept()
    {
        await using var servers = await TwoServers.StartAsync();
        Assert.Null(await servers.Store.ReadAsync(User));
        var build = await servers.Store.BeginAsync(User);
        Assert.NotNull(build);
        Assert.Null(await servers.Store.BeginAsync(User));
        Assert.Equal(TimelineState.Building, (await servers.Store.ReadAsync(User))!.Header.State);

        Assert.Equal(1, (await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(9))).Stored);
        Assert.Equal(1, (await servers.Appender.AppendAsync(_reader, TimelineEntry.Notice(77))).Stored);
        Assert.True(await servers.Store.FinishAsync(build, new TimelineContent([5, 3], [88], 2)));

        var timeline = (await servers.Store.ReadAsync(User))!;
        Assert.Equal((TimelineState.Ready, 2), (timeline.Header.State, timeline.Header.Floor));
        Assert.Equal(
            [TimelineEntry.Post(5), TimelineEntry.Post(3), TimelineEntry.Notice(88), TimelineEntry.Post(9), TimelineEntry.Notice(77)],
            timeline.Entries.ToArray());
        Assert.False(await servers.Store.FinishAsync(build, new TimelineContent([1], [], 0)));
        Assert.Null(await servers.Store.BeginAsync(User));
    }

    [Fact]
    public async Task AnAppendBetweenTheLookAndTheSwapIsKept()
    {
        await using var servers = await TwoServers.StartAsync();
        var looks = 0;
        var store = servers.NewStore(async () =>
        {
            if (looks++ < 3)
            {
                await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(100 + looks));
            }
        });
        var build = await store.BeginAsync(User);
        Assert.True(await store.FinishAsync(build!, new TimelineContent([5], [], 0)));
        Assert.Equal(4, looks);
        Assert.Equal([5, 101, 102, 103], await servers.PostsAsync(User));
    }

    [Fact]
    public async Task WhoseTimelineWasDroppedMeanwhileStartsOverAlsoWhenAnotherHasBegun()
    {
        await using var servers = await TwoServers.StartAsync();
        var old = await servers.Store.BeginAsync(User);
        await servers.Appender.DropAsync(_reader);
        Assert.False(await servers.Store.FinishAsync(old!, new TimelineContent([5], [], 0)));
        Assert.Null(await servers.Store.ReadAsync(User));

        var young = await servers.Store.BeginAsync(User);
        Assert.False(await servers.Store.FinishAsync(old!, new TimelineContent([5], [], 0)));
        Assert.True(await servers.Store.FinishAsync(young!, new TimelineContent([6], [], 0)));
        Assert.Equal([6], await servers.PostsAsync(User));
    }

    [Fact]
    public async Task ADropBetweenTheLookAndTheSwapLeavesNothing()
    {
        await using var servers = await TwoServers.StartAsync();
        var store = servers.NewStore(() => servers.Appender.DropAsync(_reader));
        var build = await store.BeginAsync(User);
        Assert.False(await store.FinishAsync(build!, new TimelineContent([5], [], 0)));
        Assert.Null(await servers.Store.ReadAsync(User));
    }

    [Fact]
    public async Task ACasOfAnotherLifeOfTheServerOverwritesNothing()
    {
        await using var servers = await TwoServers.StartAsync(servers: 1);
        var (server, key) = servers.Locate(User);
        ulong looked = 0;
        var store = servers.NewStore(async () =>
        {
            looked = (await server.GetAsync(key, new MetaGet())).Cas;
            await servers.RestartAsync(0);

            // Another reader begins in the server's new life, where CAS counts from 1 again, and a post is pushed to him.
            Assert.NotNull(await servers.Store.BeginAsync(User));
            await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(8));
        });
        var build = await store.BeginAsync(User);
        await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(7));
        await Assert.ThrowsAnyAsync<MemcachedException>(() => store.FinishAsync(build!, new TimelineContent([5], [], 0)).AsTask());

        // The test is one: the CAS that the first builder saw fits the second's item.
        Assert.Equal(looked, (await server.GetAsync(key, new MetaGet())).Cas);
        Assert.Equal([8], await servers.PostsAsync(User));
    }

    [Fact]
    public async Task AGivenUpBuildingIsFreeAndAnothersIsNot()
    {
        await using var servers = await TwoServers.StartAsync();
        var old = await servers.Store.BeginAsync(User);
        await servers.Store.AbandonAsync(old!);
        var young = await servers.Store.BeginAsync(User);
        Assert.NotNull(young);
        await servers.Store.AbandonAsync(old!);
        Assert.True(await servers.Store.FinishAsync(young, new TimelineContent([5], [], 0)));
        await servers.Store.AbandonAsync(young);
        Assert.Equal([5], await servers.PostsAsync(User));
    }

    [Fact]
    public async Task ATimelineThatHasGrownIsCutToTheNewestAndKeepsEveryNoticeAndItsTime()
    {
        await using var servers = await TwoServers.StartAsync(options: new FanoutOptions { TimelineCap = 10, TimelineSlack = 2 });
        var build = await servers.Store.BeginAsync(User);
        await servers.Store.FinishAsync(build!, new TimelineContent([1, 2, 3, 4, 5, 6, 7, 8], [70, 71], 0));
        await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(8));
        await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(9));

        var small = (await servers.Store.ReadAsync(User))!;
        await servers.Store.CompactAsync(small);
        Assert.Equal(12, (await servers.Store.ReadAsync(User))!.Entries.Length);

        // Notices make no timeline long.
        for (var i = 0; i < 5; i++)
        {
            await servers.Appender.AppendAsync(_reader, TimelineEntry.Notice(71));
        }

        await servers.Store.CompactAsync((await servers.Store.ReadAsync(User))!);
        Assert.Equal(17, (await servers.Store.ReadAsync(User))!.Entries.Length);
        for (var post = 20; post < 25; post++)
        {
            await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(post));
        }

        await servers.Store.CompactAsync((await servers.Store.ReadAsync(User))!);
        var cut = (await servers.Store.ReadAsync(User))!;
        Assert.Equal([24, 23, 22, 21, 20, 9, 8, 7, 6, 5], await servers.PostsAsync(User));
        Assert.Equal([70, 71], cut.Entries.ToArray().Where(static entry => entry.IsNotice).Select(static entry => entry.Id));
        Assert.Equal(4, cut.Header.Floor);
        var (server, key) = servers.Locate(User);
        var left = (await server.GetAsync(key, new MetaGet { Return = MetaReturn.Ttl })).Ttl;
        Assert.InRange(left, 1, (int)TimeSpan.FromDays(7).TotalSeconds);

        // Whoever looked before another append cuts nothing.
        for (var post = 30; post < 35; post++)
        {
            await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(post));
        }

        var before = (await servers.Store.ReadAsync(User))!;
        await servers.Appender.AppendAsync(_reader, TimelineEntry.Post(40));
        await servers.Store.CompactAsync(before);
        Assert.Equal(40, (await servers.PostsAsync(User))![^1]);
    }

    [Fact]
    public async Task WhatIsNoTimelineOfThisVersionIsTakenAway()
    {
        await using var servers = await TwoServers.StartAsync();
        var (server, key) = servers.Locate(User);
        foreach (var item in (string[])["", "x", new string('x', 24), new string('x', 32)])
        {
            await server.SetAsync(key, System.Text.Encoding.ASCII.GetBytes(item), new MetaSet());
            Assert.Null(await servers.Store.ReadAsync(User));
            Assert.NotNull(await servers.Store.BeginAsync(User));
            await servers.Store.DropAsync(User);
        }
    }
}
