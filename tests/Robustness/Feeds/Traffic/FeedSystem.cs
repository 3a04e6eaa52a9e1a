using System.Globalization;
using System.Net.Sockets;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes;
using InstaGrpc.Services.Feed;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Invalidator;
using InstaGrpc.Services.Media;
using InstaGrpc.Services.Projector.Tests;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Robustness.Feeds.Traffic;

/// <summary>
/// Two nodes, two memcached servers of its own, every role: the projector in a process that may be killed, the others in this one. Lists
/// are short, so that a small case passes their ends.
/// </summary>
public sealed class FeedSystem : IAsyncDisposable
{
    private static readonly TimeSpan _firstPoll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _longestPoll = TimeSpan.FromMilliseconds(160);

    private readonly SemaphoreSlim _killing = new(1);
    private readonly List<EmbeddedMemcached> _memcached = [];
    private ProjectorProcess? _projector;
    private MemcachedPool? _pool;
    private TimelineStore? _timelines;
    private int _projectorKills;
    private int _memcachedKills;

    private FeedSystem(TestNodes nodes)
    {
        Nodes = nodes;
        Router = new ShardRouter(nodes.Pool);
    }

    public TestNodes Nodes { get; }

    public ShardRouter Router { get; }

    public MeshProcess Mesh { get; private set; } = null!;

    public int ProjectorKills => _projectorKills;

    public int MemcachedKills => _memcachedKills;

    private string Prefix { get; set; } = "";

    private KeyValuePair<string, string?>[] Settings { get; set; } = [];

    public static async Task<FeedSystem> StartAsync(SharedServers servers, int activeFirstFrom, int pullAbove)
    {
        var system = new FeedSystem(await TestNodes.CreateAsync(servers, hint: "oracle"));
        await system.RunAsync(servers, activeFirstFrom, pullAbove);
        return system;
    }

    /// <summary>Returns when all that is written now by these users is derived, fanned out, and marked in every cache.</summary>
    public async Task SettleAsync(IReadOnlyCollection<long> users, CancellationToken cancellation)
    {
        // Every job that concerns a user stands with somebody whom he follows, is followed by, blocks or is blocked by: another of them.
        var written = await FlushedAsync(cancellation);
        var isDerived = string.Join(" AND ", written.Select(static source =>
            $"EXISTS (SELECT FROM stream_positions WHERE source_node = '{source.Node}' AND lsn >= '{source.Written.Lsn}')"));
        var isFannedOut = $"NOT EXISTS (SELECT FROM fanout_jobs WHERE ended_at IS NULL AND author_id = ANY ('{{{string.Join(',', users)}}}'))";
        await Task.WhenAll(Nodes.Pool.DataNodes.Select(node => UntilAsync(node, $"SELECT {isDerived} AND {isFannedOut}", cancellation)));

        // Marks come last: what was derived is itself a change, on which cached answers depend.
        foreach (var (node, derived) in await FlushedAsync(cancellation))
        {
            foreach (var server in _pool!.Servers)
            {
                while (await LoAsync(server, node) < derived)
                {
                    await Task.Delay(_firstPoll, cancellation);
                }
            }
        }
    }

    public async Task UntilAsync(NodeName node, string condition, CancellationToken cancellation)
    {
        // What comes soon is seen soon; what takes long, while many cases wait for it, is not asked for all the time.
        for (var pause = _firstPoll; ; pause = pause < _longestPoll ? pause * 2 : pause)
        {
            if (await QueryAsync(node, condition, static reader => reader.GetBoolean(0), cancellation) is [true])
            {
                return;
            }

            await Task.Delay(pause, cancellation);
        }
    }

    public async Task<List<T>> QueryAsync<T>(NodeName node, string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        await using var connection = await Nodes.Pool.OpenAsync(node, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    public async Task ExecuteAsync(NodeName node, string sql, CancellationToken cancellation)
    {
        await using var connection = await Nodes.Pool.OpenAsync(node, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task EvictAsync(long user, CancellationToken cancellation)
    {
        try
        {
            await _timelines!.DropAsync(user, cancellation);
        }
        catch (MemcachedException)
        {
            // Somebody has just killed the server, and the timeline with it.
        }
    }

    /// <summary>What stands in memcached, for a failure's message.</summary>
    public async Task<string> DescribeTimelineAsync(long user)
    {
        try
        {
            return await _timelines!.ReadAsync(user) is { } timeline
                ? $"{timeline.Header} [{string.Join(' ', timeline.Entries.ToArray())}]"
                : "none";
        }
        catch (MemcachedException e)
        {
            return e.Message;
        }
    }

    public async Task FlushAsync(CancellationToken cancellation)
    {
        foreach (var server in _memcached.ToArray())
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", server.Port, cancellation);
                var stream = client.GetStream();
                await stream.WriteAsync("flush_all\r\n"u8.ToArray(), cancellation);
                await stream.ReadExactlyAsync(new byte[4], cancellation);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // It has just been killed, which is more than a flush.
            }
        }
    }

    public async Task KillProjectorAsync(CancellationToken cancellation)
    {
        await _killing.WaitAsync(cancellation);
        try
        {
            await _projector!.KillAsync();
            await _projector.DisposeAsync();
            _projector = StartProjector();
            _projectorKills++;
        }
        finally
        {
            _killing.Release();
        }
    }

    public async Task KillMemcachedAsync(int which, CancellationToken cancellation)
    {
        await _killing.WaitAsync(cancellation);
        try
        {
            var at = which % _memcached.Count;
            await _memcached[at].CrashAsync();
            _memcached[at] = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = _memcached[at].Port }, cancellation);
            _memcachedKills++;
        }
        finally
        {
            _killing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_projector is not null)
        {
            await _projector.DisposeAsync();
        }

        if (Mesh is not null)
        {
            // Servers are killed under it.
            Mesh.ExpectErrors = true;
            await Mesh.DisposeAsync();
        }

        if (_pool is not null)
        {
            await _pool.DisposeAsync();
        }

        await Task.WhenAll(_memcached.Select(static server => server.DisposeAsync().AsTask()));
        Router.Dispose();
        await Nodes.DisposeAsync();
        _killing.Dispose();
    }

    private static KeyValuePair<string, string?> Feed(string name, object value) =>
        new($"Insta:Feed:{name}", string.Format(CultureInfo.InvariantCulture, "{0}", value));

    private async Task RunAsync(SharedServers servers, int activeFirstFrom, int pullAbove)
    {
        _memcached.AddRange(await Task.WhenAll(EmbeddedMemcached.StartAsync(), EmbeddedMemcached.StartAsync()));
        Prefix = servers.NewPrefix("oracle");
        Settings =
        [
            .. Nodes.Configuration,
            new("Insta:Prefix", Prefix),
            new("Insta:Memcached:Servers", string.Join(',', _memcached.Select(static server => server.Address))),
            new("Insta:Kafka:BootstrapServers", servers.Kafka),
            new("Insta:Kafka:Embedded", (!servers.Broker.IsApacheKafka).ToString()),
            Feed("ActiveFirstFrom", activeFirstFrom), Feed("PullAbove", pullAbove), Feed("BatchSize", 3),
            Feed("ActivityInterval", "00:00:00.5"),
            Feed("TimelineCap", 8), Feed("TimelineSlack", 3), new("Insta:Media:NewestListed", "3"),
            new("Insta:Projector:IdleStoreInterval", "00:00:00.2"), new("Insta:Projector:FanoutPoll", "00:00:00.2"),
            new("Insta:Changes:ConfirmInterval", "00:00:00.1"),
            // Other tests audit what handlers read; here, where nearly every read is a refill, it would be half of all queries.
            new("Insta:Cache:AuditDependencies", "false"),
        ];
        _pool = new MemcachedPool(new MemcachedOptions { Servers = [.. _memcached.Select(static server => server.Address)] });
        _timelines = new TimelineStore(_pool, new TimelineKey(Prefix), new FanoutOptions(), TimeProvider.System);
        await Router.GetAsync(CancellationToken.None);
        Mesh = await MeshProcess.StartAsync(Settings, static (services, configuration) => services
            .AddId(configuration).AddMedia(configuration).AddFeed(configuration).AddChanges(configuration).AddInvalidator(configuration));
        _projector = StartProjector();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await SettleAsync([], limit.Token);
    }

    private ProjectorProcess StartProjector() => ProjectorProcess.Start(Settings.Select(static pair => $"{pair.Key}={pair.Value}"));

    private async Task<List<(NodeName Node, ReplayPosition Written)>> FlushedAsync(CancellationToken cancellation)
    {
        List<(NodeName, ReplayPosition)> all = [];
        foreach (var node in Nodes.Pool.DataNodes)
        {
            all.AddRange(await QueryAsync(
                node,
                "SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_flush_lsn()::text",
                reader => (node, ReplayPosition.EndOf(Timeline.FromWalFileName(reader.GetString(0)), Lsn.Parse(reader.GetString(1)))),
                cancellation));
        }

        return all;
    }

    private async Task<ReplayPosition> LoAsync(MemcachedServer server, NodeName node)
    {
        try
        {
            var reply = await server.GetAsync(KeyLayout.Watermark(Prefix, node), new MetaGet { Return = MetaReturn.Value });
            return reply.Value is { } value && Watermark.TryRead(value) is { } watermark ? watermark.Lo : ReplayPosition.Origin;
        }
        catch (MemcachedException)
        {
            return ReplayPosition.Origin; // as far as this can see
        }
    }
}
