using InstaGrpc.Embedded;
using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines.Tests;

public class AppenderTests
{
    private static readonly long[] _users = [.. Enumerable.Range(1, 1000).Select(static n => (long)n << 30)];

    [Fact]
    public async Task AnEntryReachesEveryTimelineThatIsThereAndMakesNone()
    {
        await using var servers = await TwoServers.StartAsync();
        var present = _users.Where(static (_, i) => i % 3 == 0).ToArray();
        foreach (var user in present)
        {
            await servers.BuildAsync(user, 5);
        }

        Assert.Equal(2, _users.Select(user => servers.Locate(user).Server).Distinct().Count());
        var counts = await servers.Appender.AppendAsync(_users, TimelineEntry.Post(7));
        Assert.Equal(new AppendCounts(present.Length, _users.Length - present.Length), counts);
        foreach (var user in _users)
        {
            List<long>? expected = present.Contains(user) ? [5, 7] : null;
            Assert.Equal(expected, await servers.PostsAsync(user));
        }

        // Twice is once more: readers drop doubles, and a batch may be run again.
        await servers.Appender.AppendAsync(present.AsMemory(0, 1), TimelineEntry.Post(7));
        Assert.Equal([5, 7, 7], await servers.PostsAsync(present[0]));
    }

    [Fact]
    public async Task DroppedTimelinesAreGoneAlsoWhileTheyAreBuilt()
    {
        await using var servers = await TwoServers.StartAsync();
        foreach (var user in _users.Take(20))
        {
            await servers.BuildAsync(user, 5);
        }

        var build = await servers.Store.BeginAsync(_users[20]);
        await servers.Appender.DropAsync(_users.AsMemory(0, 30));
        foreach (var user in _users.Take(30))
        {
            Assert.Null(await servers.PostsAsync(user));
        }

        Assert.False(await servers.Store.FinishAsync(build!, new TimelineContent([5], [], 0)));
        Assert.Null(await servers.PostsAsync(_users[20]));
    }

    [Fact]
    public async Task ATimelineThatIsFullIsCutInsteadOfKeepingAHole()
    {
        await using var servers = await TwoServers.StartAsync();
        var (full, other) = (_users[0], _users[1]);
        await servers.BuildAsync(full, [.. Enumerable.Range(1, 130_000).Select(static n => (long)n)]);
        await servers.BuildAsync(other, 1);

        var post = 1_000_000L;
        AppendCounts counts;
        do
        {
            counts = await servers.Appender.AppendAsync(_users.AsMemory(0, 2), TimelineEntry.Post(++post));
            Assert.InRange(post, 1_000_001, 1_002_000);
        }
        while (counts.Cut == 0);

        Assert.Null(await servers.PostsAsync(full));
        Assert.Equal(post, (await servers.PostsAsync(other))![^1]);
    }

    [Fact]
    public async Task AServerWithoutMemoryKeepsNoTimelineWithAHole()
    {
        await using var servers = await TwoServers.StartAsync(
            servers: 1, memcached: new EmbeddedMemcachedOptions { MemoryMegabytes = 8, ExtraArguments = ["-M"] });
        long[] first = [.. Enumerable.Range(1, 800).Select(static n => (long)n)];
        var content = new TimelineContent(first, [], 0);
        foreach (var user in _users)
        {
            try
            {
                if (await servers.Store.BeginAsync(user) is { } build)
                {
                    await servers.Store.FinishAsync(build, content);
                }
            }
            catch (MemcachedUnavailableException)
            {
                // No room even for a building.
            }
        }

        var cut = 0;
        long[] posts = [.. Enumerable.Range(1001, 200).Select(static n => (long)n)];
        foreach (var post in posts)
        {
            var counts = await servers.Appender.AppendAsync(_users, TimelineEntry.Post(post));
            cut += post == posts[0] ? 0 : counts.Cut;
        }

        Assert.True(cut > 0, "the server had memory for everything");
        var whole = 0;
        foreach (var user in _users)
        {
            // One whose building ran out of memory stays a building, with every append since.
            var timeline = await servers.Store.ReadAsync(user);
            if (timeline is { Header.State: TimelineState.Ready })
            {
                Assert.Equal([.. first, .. posts], await servers.PostsAsync(user) ?? []);
                whole++;
            }
        }

        Assert.InRange(whole, 1, 999);
    }

    [Fact]
    public async Task ABatchFailsWhileAServerIsAwayAndIsWholeWhenItIsRunAgain()
    {
        await using var servers = await TwoServers.StartAsync();
        foreach (var user in _users)
        {
            await servers.BuildAsync(user, 5);
        }

        await servers.RestartAsync(0);
        await servers.Processes[0].CrashAsync();
        await Assert.ThrowsAnyAsync<MemcachedException>(() => servers.Appender.AppendAsync(_users, TimelineEntry.Post(7)).AsTask());
        await Assert.ThrowsAnyAsync<MemcachedException>(() => servers.Appender.DropAsync(_users).AsTask());
        await servers.RestartAsync(0);
        await servers.Appender.AppendAsync(_users, TimelineEntry.Post(8));
        foreach (var user in _users)
        {
            // The other server's share of the failed drop was run.
            Assert.Null(await servers.PostsAsync(user));
        }
    }

    [Fact]
    public async Task ManyBatchesAtATimeMixNothingUp()
    {
        await using var servers = await TwoServers.StartAsync();
        var users = _users[..100];
        foreach (var user in users)
        {
            await servers.BuildAsync(user);
        }

        long[] posts = [.. Enumerable.Range(1, 200).Select(static n => (long)n)];
        await Parallel.ForEachAsync(posts, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (post, ct) =>
            Assert.Equal(new AppendCounts(users.Length, 0), await servers.Appender.AppendAsync(users, TimelineEntry.Post(post), ct)));
        foreach (var user in users)
        {
            Assert.Equal(posts, (await servers.PostsAsync(user))!.Order());
        }
    }
}
