using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>Two nodes with memcached: authors with followers, and the followers' timelines.</summary>
internal sealed class FanoutNodes : IAsyncDisposable
{
    private readonly TimelineKey _keys;

    private FanoutNodes(TwoNodes nodes, IReadOnlyList<string> memcached)
    {
        Nodes = nodes;
        _keys = new TimelineKey(nodes.Settings["Insta:Prefix"]!);
        Pool = new MemcachedPool(new MemcachedOptions { Servers = [.. memcached] });
        Store = new TimelineStore(Pool, _keys, new FanoutOptions(), TimeProvider.System);
    }

    public TwoNodes Nodes { get; }

    public MemcachedPool Pool { get; }

    public TimelineStore Store { get; }

    /// <summary>Batches of 10; from 40 followers on active ones first, above 100 nothing is pushed.</summary>
    /// <param name="servers">PostgreSQL and the broker.</param>
    /// <param name="memcached">Addresses; null: the shared ones.</param>
    public static async Task<FanoutNodes> CreateAsync(SharedServers servers, IReadOnlyList<string>? memcached = null)
    {
        memcached ??= servers.MemcachedServers;
        var nodes = await TwoNodes.CreateAsync(servers);
        nodes.Settings["Insta:Memcached:Servers"] = string.Join(',', memcached);
        nodes.Settings["Insta:Feed:BatchSize"] = "10";
        nodes.Settings["Insta:Feed:PostBurst"] = "50";
        nodes.Settings["Insta:Feed:ActiveFirstFrom"] = "40";
        nodes.Settings["Insta:Feed:PullAbove"] = "100";
        nodes.Settings["Insta:Projector:FanoutPoll"] = "00:00:00.2";
        return new FanoutNodes(nodes, memcached);
    }

    /// <summary>Ids of users on both nodes who have no rows: enough to follow and to have a timeline.</summary>
    public static long[] Readers(int count, int first = 0) =>
        [.. Enumerable.Range(first, count).Select(static n => InstaId.Create(10, (n * 1_553) % InstaId.Shards, n % 1_000).Value)];

    /// <summary>Starts a projector that waits for this after each page.</summary>
    public Task<IHost> StartAsync(Func<Task> afterPage) => Nodes.StartAsync((services, configuration) =>
    {
        services.AddSingleton(new FanoutHooks { AfterPage = afterPage });
        services.AddProjector(configuration);
    });

    public async Task FollowAsync(long author, IEnumerable<long> readers)
    {
        foreach (var some in readers.GroupBy(Nodes.NodeOf))
        {
            var values = string.Join(", ", some.Select(reader => $"({reader}, {author})"));
            await Nodes.ExecuteAsync(some.Key, $"INSERT INTO follows (follower_id, followee_id) VALUES {values} ON CONFLICT DO NOTHING");
        }
    }

    public Task PostAsync(long author, long post) =>
        Nodes.ExecuteAsync(author, $"INSERT INTO media (id, owner_id) VALUES ({post}, {author})");

    /// <summary>Makes an empty, complete timeline for each.</summary>
    public async Task OpenTimelinesAsync(IEnumerable<long> readers)
    {
        foreach (var reader in readers)
        {
            var build = await Store.BeginAsync(reader, Nodes.Limit);
            Assert.NotNull(build);
            Assert.True(await Store.FinishAsync(build, new TimelineContent([], [], 0), Nodes.Limit));
        }
    }

    /// <summary>Address of the server that has the reader's timeline.</summary>
    public string ServerOf(long reader)
    {
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        return Pool.OwnerOf(key[.._keys.WriteRingKey(reader, key)]).Address;
    }

    /// <summary>What is in the reader's timeline, each entry once; null: he has none.</summary>
    public async Task<TimelineEntry[]?> TimelineAsync(long reader)
    {
        var found = await Store.ReadAsync(reader, Nodes.Limit);
        return found?.Entries.ToArray().Distinct().OrderBy(static entry => entry.Raw).ToArray();
    }

    /// <summary>The same of a reader who has a timeline.</summary>
    public async Task<TimelineEntry[]> EntriesAsync(long reader)
    {
        var timeline = await TimelineAsync(reader);
        Assert.NotNull(timeline);
        return timeline;
    }

    /// <summary>Waits until the streams are folded and no job waits.</summary>
    public async Task SettleAsync()
    {
        await Nodes.SettleAsync();
        foreach (var node in Nodes.Pool.DataNodes)
        {
            await UntilAsync(node, "SELECT NOT EXISTS (SELECT FROM fanout_jobs WHERE ended_at IS NULL)");
        }
    }

    public async Task UntilAsync(NodeName node, string condition)
    {
        while (!await Nodes.QueryAsync<bool>(node, condition))
        {
            await Task.Delay(20, Nodes.Limit);
        }
    }

    /// <summary>(tier, batches) of the post's job.</summary>
    public async Task<(short Tier, long Batches, long Followers)> JobAsync(long author, long post)
    {
        await using var connection = await Nodes.OpenAsync(Nodes.NodeOf(author));
        await using var command = new NpgsqlCommand(
            $"SELECT tier, batches, followers FROM fanout_jobs WHERE author_id = {author} AND kind = 1 AND subject_id = {post}", connection);
        await using var reader = await command.ExecuteReaderAsync(Nodes.Limit);
        Assert.True(await reader.ReadAsync(Nodes.Limit));
        return (reader.GetInt16(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    public async ValueTask DisposeAsync()
    {
        await Nodes.DisposeAsync();
        await Pool.DisposeAsync();
    }
}
