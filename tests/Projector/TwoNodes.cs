using System.Globalization;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>A directory and two nodes in databases of their own, users on both, and the roles that a test starts.</summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    // Posts are young, as a rebuild makes jobs for no others.
    private static readonly long _started = InstaId.MillisecondsAt(DateTimeOffset.UtcNow);

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(150));
    private readonly List<IHost> _hosts = [];
    private readonly List<TestDatabase> _databases = [];
    private readonly Dictionary<NodeName, NpgsqlDataSource> _sources = [];

    public static NodeName One { get; } = new("n1");

    public static NodeName Two { get; } = new("n2");

    public CancellationToken Limit => _limit.Token;

    public Dictionary<string, string?> Settings { get; } = [];

    public NodePool Pool { get; private set; } = null!;

    public ShardRouter Router { get; private set; } = null!;

    public ProjectionRebuild Rebuild { get; private set; } = null!;

    /// <summary>Ids of users, 4 on each node, in turn.</summary>
    public long[] Users { get; private set; } = [];

    public static async Task<TwoNodes> CreateAsync(SharedServers servers, EmbeddedPostgres? server = null)
    {
        var nodes = new TwoNodes();
        var prefix = servers.NewPrefix("projector");
        foreach (var (node, key) in new[] { (NodePool.DirectoryNode, "Directory"), (One, "Nodes:n1:Primary"), (Two, "Nodes:n2:Primary") })
        {
            var name = $"{prefix.TrimEnd('.').Replace('-', '_')}_{node}";
            var database = server is not null ? new TestDatabase(server, name, await server.CreateDatabaseAsync(name, nodes.Limit))
                : node == NodePool.DirectoryNode ? await servers.CreateDirectoryAsync(name, nodes.Limit)
                : await servers.CreateNodeAsync(name, nodes.Limit);
            nodes._databases.Add(database);
            nodes._sources.Add(node, NpgsqlDataSource.Create(database.ConnectionString));
            nodes.Settings[$"Insta:Postgres:{key}"] = database.ConnectionString;
        }

        nodes.Settings["Insta:Prefix"] = prefix;
        nodes.Settings["Insta:Kafka:BootstrapServers"] = servers.Broker.BootstrapServers;
        nodes.Settings["Insta:Kafka:Embedded"] = (!servers.Broker.IsApacheKafka).ToString();
        nodes.Settings["Insta:Projector:IdleStoreInterval"] = "00:00:00.2";
        nodes.Settings["Insta:Changes:ConfirmInterval"] = "00:00:00.1";
        var options = new PostgresOptions
        {
            Directory = nodes.Settings["Insta:Postgres:Directory"]!,
            Nodes =
            {
                ["n1"] = new PostgresNodeOptions { Primary = nodes.Settings["Insta:Postgres:Nodes:n1:Primary"]! },
                ["n2"] = new PostgresNodeOptions { Primary = nodes.Settings["Insta:Postgres:Nodes:n2:Primary"]! },
            },
        };
        nodes.Pool = new NodePool(options);
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(nodes.Pool, nodes.Limit);
        nodes.Router = new ShardRouter(nodes.Pool);
        nodes.Rebuild = new ProjectionRebuild(nodes.Pool, nodes.Router, new ProjectorOptions { RebuildShards = 2048, RebuildEdges = 3 },
            new FanoutOptions(), TimeProvider.System);
        await nodes.MakeUsersAsync();
        return nodes;
    }

    /// <summary>An id of a post of this user.</summary>
    public static long PostOf(long user, int number) => InstaId.Create(_started + number, new InstaId(user).Shard, 7).Value;

    public NodeName NodeOf(long id) => Router.Current!.NodeOf(id);

    public async Task<IHost> StartAsync(Action<IServiceCollection, IConfiguration> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(Settings);
        add(builder.Services, builder.Configuration);
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync(Limit);
        return host;
    }

    public Task<IHost> StartChangesAsync() => StartAsync((services, configuration) => services.AddChanges(configuration));

    public Task<IHost> StartProjectorAsync() => StartAsync((services, configuration) => services.AddProjector(configuration));

    public async Task StopAsync(IHost host)
    {
        _hosts.Remove(host);
        await host.StopAsync(Limit);
        host.Dispose();
    }

    /// <summary>Lets go of a host that a test holds up: its work is broken off wherever it is.</summary>
    public async Task AbandonAsync(IHost host)
    {
        _hosts.Remove(host);
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
        await host.StopAsync(now.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    public ProjectorProcess StartProjectorProcess() => ProjectorProcess.Start(Settings.Select(pair => $"{pair.Key}={pair.Value}"));

    public ValueTask<NpgsqlConnection> OpenAsync(NodeName node) => _sources[node].OpenConnectionAsync(Limit);

    public async Task ExecuteAsync(NodeName node, string sql)
    {
        await using var connection = await OpenAsync(node);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Limit);
    }

    /// <summary>On the node that the id belongs to.</summary>
    public Task ExecuteAsync(long id, FormattableString sql) => ExecuteAsync(NodeOf(id), sql.ToString(CultureInfo.InvariantCulture));

    public async Task<T> QueryAsync<T>(NodeName node, string sql)
    {
        await using var connection = await OpenAsync(node);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Limit))!;
    }

    /// <summary>Waits until all that is written now is derived everywhere.</summary>
    public async Task SettleAsync()
    {
        foreach (var source in Pool.DataNodes)
        {
            var written = await QueryAsync<string>(source, "SELECT pg_current_wal_flush_lsn()::text");
            foreach (var target in Pool.DataNodes)
            {
                while (!await QueryAsync<bool>(target,
                    $"SELECT EXISTS (SELECT FROM stream_positions WHERE source_node = '{source}' AND lsn >= '{written}')"))
                {
                    await Task.Delay(20, Limit);
                }
            }
        }
    }

    /// <summary>Compares everything derived with the rows that it is derived from.</summary>
    public async Task VerifyAsync()
    {
        var follows = new List<(long Followee, long Follower)>();
        var blocks = new List<(long Blocked, long Blocker)>();
        foreach (var node in Pool.DataNodes)
        {
            follows.AddRange(await PairsAsync(node, "SELECT followee_id, follower_id FROM follows"));
            blocks.AddRange(await PairsAsync(node, "SELECT blocked_id, blocker_id FROM blocks"));
            Assert.Equal(
                await TextAsync(node, """
                    SELECT m.id || ':' || (SELECT count(*) FROM likes WHERE media_id = m.id) || ':' || (SELECT count(*) FROM comments WHERE
                        media_id = m.id)
                    FROM media m WHERE NOT m.deleted ORDER BY m.id
                    """),
                await TextAsync(node, "SELECT media_id || ':' || likes || ':' || comments FROM media_counts ORDER BY media_id"));
            Assert.Equal(
                await TextAsync(node, """
                    SELECT u.id || ':' || (SELECT count(*) FROM media WHERE owner_id = u.id AND NOT deleted) || ':' || (SELECT count(*)
                        FROM follows WHERE follower_id = u.id)
                    FROM users u WHERE u.deleted_at IS NULL ORDER BY u.id
                    """),
                await TextAsync(node, "SELECT user_id || ':' || media || ':' || following FROM user_counts ORDER BY user_id"));
        }

        foreach (var node in Pool.DataNodes)
        {
            // Of posts that were not given to another owner: nobody tells him of likes that were there.
            Assert.Equal("", await TextAsync(node, """
                WITH m AS (SELECT * FROM media WHERE NOT deleted AND ((id >> 10) & 8191) = ((owner_id >> 10) & 8191))
                (SELECT m.owner_id || ':1:' || l.user_id || ':' || m.id || ':0' FROM likes l JOIN m ON m.id = l.media_id
                 WHERE m.owner_id <> l.user_id
                 UNION ALL SELECT m.owner_id || ':2:' || c.author_id || ':' || m.id || ':' || c.id FROM comments c JOIN m ON m.id = c.media_id
                 WHERE m.owner_id <> c.author_id)
                EXCEPT SELECT user_id || ':' || kind || ':' || actor_id || ':' || media_id || ':' || comment_id FROM notifications
                """));
            Assert.Subset(
                (await PairsAsync(node, "SELECT user_id, actor_id FROM notifications WHERE kind = 3")).ToHashSet(),
                follows.Where(edge => NodeOf(edge.Followee) == node && edge.Followee != edge.Follower).ToHashSet());
            Assert.Equal(0L, await QueryAsync<long>(node, "SELECT count(*) FROM notifications WHERE user_id = actor_id"));
            var here = follows.Where(edge => NodeOf(edge.Followee) == node).Order().ToList();
            Assert.Equal(here, (await PairsAsync(node, "SELECT followee_id, follower_id FROM followers")).Order());
            Assert.Equal(
                here.CountBy(edge => edge.Followee).Select(pair => (pair.Key, (long)pair.Value)).Order(),
                (await PairsAsync(node, "SELECT user_id, followers FROM user_counts WHERE followers <> 0")).Order());
            Assert.Equal(
                blocks.Where(block => NodeOf(block.Blocked) == node).Order(),
                (await PairsAsync(node, "SELECT blocked_id, blocker_id FROM blocked_by")).Order());
            Assert.Equal(
                await TextAsync(node, """
                    SELECT owner_id || ':' || id FROM media
                    WHERE NOT deleted AND ((id >> 10) & 8191) = ((owner_id >> 10) & 8191) ORDER BY id
                    """),
                await TextAsync(node, """
                    SELECT author_id || ':' || subject_id FROM fanout_jobs j JOIN media m ON m.id = j.subject_id AND NOT m.deleted
                    WHERE kind = 1 AND ((m.id >> 10) & 8191) = ((m.owner_id >> 10) & 8191) ORDER BY subject_id
                    """));
            Assert.Equal(
                await TextAsync(node, """
                    SELECT u.id || ':1:' || u.name FROM users u WHERE deleted_at IS NULL
                    UNION ALL SELECT m.id || ':2:' || w FROM media m, LATERAL (SELECT DISTINCT regexp_split_to_table(caption, ' ') AS w) AS w
                    WHERE NOT m.deleted AND w <> '' ORDER BY 1
                    """),
                await TextAsync(node, "SELECT subject_id || ':' || kind || ':' || term FROM search_terms ORDER BY 1"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }

        Router.Dispose();
        await Pool.DisposeAsync();
        _limit.Dispose();
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync();
        }

        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }
    }

    private async Task MakeUsersAsync()
    {
        var placement = await Router.GetAsync(Limit);
        var users = new List<long>();
        for (var shard = 0; users.Count < 8; shard++)
        {
            var id = InstaId.Create(5, (shard * 977) % InstaId.Shards, 1).Value;
            if (placement.NodeOf(id) == (users.Count % 2 == 0 ? One : Two))
            {
                users.Add(id);
                await ExecuteAsync(id, $"INSERT INTO users (id, name) VALUES ({id}, 'u{users.Count}')");
                await ExecuteAsync(NodePool.DirectoryNode, $"INSERT INTO names (name, user_id, confirmed) VALUES ('u{users.Count - 1}', {id}, true)");
                await ExecuteAsync(id, $"INSERT INTO user_counts (user_id) VALUES ({id})");
            }
        }

        Users = [.. users];
    }

    private async Task<string> TextAsync(NodeName node, string sql) =>
        await QueryAsync<string>(node, $"SELECT coalesce(string_agg(line, ' '), '') FROM ({sql}) AS t (line)");

    private async Task<List<(long, long)>> PairsAsync(NodeName node, string sql)
    {
        await using var connection = await OpenAsync(node);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(Limit);
        var pairs = new List<(long, long)>();
        while (await reader.ReadAsync(Limit))
        {
            pairs.Add((reader.GetInt64(0), reader.GetInt64(1)));
        }

        return pairs;
    }
}
