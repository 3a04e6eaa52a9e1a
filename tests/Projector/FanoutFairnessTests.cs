using InstaGrpc.Embedded;
using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>Nobody's posts wait for what others have to wait for.</summary>
public sealed class FanoutFairnessTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task AServerThatHangsKeepsNoPostFromTheOthersHoweverManyThereAreAndGetsAllOfThemWhenItIsBack()
    {
        const int Posts = 300;
        await using var steady = await EmbeddedMemcached.StartAsync();
        await using var behind = await EmbeddedMemcached.StartAsync();
        await using var hanging = new FaultProxy(behind.Address);
        await using var fanout = await FanoutNodes.CreateAsync(_servers, [steady.Address, hanging.Address]);
        var nodes = fanout.Nodes;
        nodes.Settings["Insta:Memcached:PipelineTimeout"] = "00:00:00.5";
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        // The second one's posts have more pages than a job may have in flight.
        (long Id, long[] Readers, int Posts)[] authors =
            [(nodes.Users[0], FanoutNodes.Readers(30), Posts), (nodes.Users[2], FanoutNodes.Readers(95, first: 100), 2)];
        var all = authors.SelectMany(static author => author.Readers).ToList();
        foreach (var (author, readers, _) in authors)
        {
            await fanout.FollowAsync(author, readers);
        }

        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(all);
        var hung = hanging.HoldRepliesFrom("ms ");
        foreach (var (author, _, posts) in authors)
        {
            var values = string.Join(", ", Enumerable.Range(1, posts).Select(n => $"({TwoNodes.PostOf(author, n)}, {author})"));
            await nodes.ExecuteAsync(nodes.NodeOf(author), $"INSERT INTO media (id, owner_id) VALUES {values}");
        }

        await hung.WaitAsync(nodes.Limit);
        foreach (var (_, readers, posts) in authors)
        {
            foreach (var reader in readers.Where(reader => fanout.ServerOf(reader) == steady.Address))
            {
                await Patience.UntilAsync(
                    async () => (await fanout.EntriesAsync(reader)).Length >= posts, "all posts are in the feeds of the steady server");
            }
        }

        hanging.ReleaseReplies();
        await fanout.SettleAsync();
        foreach (var (author, readers, posts) in authors)
        {
            var expected = Enumerable.Range(1, posts).Select(n => TimelineEntry.Post(TwoNodes.PostOf(author, n))).ToList();
            foreach (var reader in readers)
            {
                Assert.Equal(expected, await fanout.EntriesAsync(reader));
                if (fanout.ServerOf(reader) == steady.Address)
                {
                    Assert.Equal(posts, (await fanout.Store.ReadAsync(reader, nodes.Limit))!.Entries.Length);
                }
            }
        }
    }

    [Fact]
    public async Task AnAuthorWithMorePostsThanAreRunAtATimeKeepsNobodyElseWaiting()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        var hold = new TaskCompletionSource();
        var holds = false;
        await fanout.StartAsync(() => Volatile.Read(ref holds) ? hold.Task : Task.CompletedTask);
        var (large, small) = (nodes.Users[0], nodes.Users[2]);
        Assert.Equal(nodes.NodeOf(large), nodes.NodeOf(small));
        var readers = FanoutNodes.Readers(20);
        await fanout.FollowAsync(large, readers[..10]);
        await fanout.FollowAsync(small, readers[10..]);
        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers);
        Volatile.Write(ref holds, true);
        await nodes.ExecuteAsync(
            nodes.NodeOf(large),
            "INSERT INTO fanout_jobs (author_id, kind, subject_id) "
            + $"SELECT {large}, 1, {TwoNodes.PostOf(large, 0)} + n FROM generate_series(1, 300) AS n");

        // Every job of his that is begun stays, since no page of it comes to an end.
        await fanout.PostAsync(small, TwoNodes.PostOf(small, 1));
        await Patience.UntilAsync(
            async () => (await fanout.EntriesAsync(readers[10])).Length > 0, "the other author's post is in his follower's feed");

        hold.SetResult();
        await fanout.SettleAsync();
        Assert.Equal(300, (await fanout.EntriesAsync(readers[0])).Length);
    }

    [Fact]
    public async Task AskingWhoIsActiveLeavesConnectionsForTheOthersAndForgetsNobody()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        long[] users = [.. FanoutNodes.Readers(40).Where(user => nodes.NodeOf(user) == TwoNodes.One)];
        var values = string.Join(", ", users.Select(static user => $"({user}, now())"));
        await nodes.ExecuteAsync(TwoNodes.One, $"INSERT INTO active_users (user_id, active_at) VALUES {values}");
        using var gate = new FollowerGate();
        var pages = new[] { TwoNodes.One, TwoNodes.Two }
            .Select(node => new FollowerPages(nodes.Pool, nodes.Router, node, TimeSpan.FromDays(1), gate)).ToList();
        await using var holder = await nodes.OpenAsync(TwoNodes.One);
        await using var transaction = await holder.BeginTransactionAsync(nodes.Limit);
        await using (var command = new NpgsqlCommand("LOCK TABLE active_users", holder, transaction))
        {
            await command.ExecuteNonQueryAsync(nodes.Limit);
        }

        // As many as there are turns, of the jobs of both nodes.
        var asking = Enumerable.Range(0, 200).Select(n => pages[n % 2].ActiveAsync(users, nodes.Limit).AsTask()).ToList();
        await using (await nodes.Pool.OpenAsync(TwoNodes.One, nodes.Limit))
        {
            // Somebody else's work.
        }

        await transaction.CommitAsync(nodes.Limit);
        Assert.All(await Task.WhenAll(asking), active => Assert.Equal(users.Length, active.Count));
    }
}
