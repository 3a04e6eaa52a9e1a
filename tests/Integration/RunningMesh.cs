using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Contracts.ShardmapV1;
using InstaGrpc.Embedded;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Integration.Tests;

/// <summary>A mesh in processes of its own, on two nodes and two memcached servers. One for all tests of the assembly; each test makes its own
/// users and posts in it.</summary>
public sealed class RunningMesh : IAsyncLifetime
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly Lazy<Task<RunningMesh>> _shared = new(StartAsync);

    // Service -> the role that serves it.
    private static readonly (string Service, string Role)[] _serviceRoles =
    [
        ("id", "id"), ("shardmap", "shardmap"), ("leasecache", "leasecache"), ("media", "media"), ("graph", "feed"), ("feed", "feed"),
        ("invalidator", "invalidator"), ("app", "gateway"),
    ];

    private readonly List<InstaProcess> _processes = [];
    private readonly SharedServers _servers = new();
    private readonly Dictionary<string, (int Grpc, int Web)> _ports = new(StringComparer.Ordinal);
    private RunningMesh? _started;
    private MemcachedPool? _pool;
    private int _names;

    /// <summary>The assembly's.</summary>
    public RunningMesh Mesh => _started ?? throw new InvalidOperationException("xunit initialises the fixture before its tests");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public SharedServers Servers => _servers;

    public string Prefix { get; private set; } = "";

    public NodePool Nodes { get; private set; } = null!;

    public ShardRouter Router { get; private set; } = null!;

    public MemcachedPool Memcached => _pool!;

    public IdService.IdServiceClient Ids { get; private set; } = null!;

    public ShardMapService.ShardMapServiceClient ShardMap { get; private set; } = null!;

    public LeaseCacheService.LeaseCacheServiceClient LeaseCache { get; private set; } = null!;

    public MediaService.MediaServiceClient Media { get; private set; } = null!;

    public GraphService.GraphServiceClient Graph { get; private set; } = null!;

    public FeedService.FeedServiceClient Feed { get; private set; } = null!;

    /// <summary>Where the mesh tells an edge cache what is deleted; nobody listens unless a test does.</summary>
    public int EdgePort { get; private set; }

    /// <summary>Where a service is called: <c>host:port</c>.</summary>
    public string GrpcOf(string service) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PortsOf(service).Grpc}");

    /// <summary>The web listener of a service's process: <c>host:port</c>.</summary>
    public string WebOf(string service) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PortsOf(service).Web}");

    /// <summary>The web addresses of all processes.</summary>
    public IEnumerable<Uri> Webs => _ports.Values.Select(ports => new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports.Web}")));

    public static CallOptions AsUser(long id, string? token = null) => As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"), token);

    public static CallOptions AsAdmin() => As("admin", null);

    public async Task InitializeAsync() => _started = await _shared.Value;

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>A user with a name of its own.</summary>
    public async Task<User> NewUserAsync(string hint = "u")
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{hint}.{Environment.ProcessId}.{Interlocked.Increment(ref _names)}");
        return (await Graph.CreateUserAsync(new CreateUserRequest { Name = name, DisplayName = hint, RequestId = name }, AsAdmin())).User;
    }

    public async Task<Media> NewMediaAsync(long owner, string caption = "caption") => (await Media.CreateMediaAsync(
        new CreateMediaRequest { Caption = caption, RequestId = Guid.NewGuid().ToString("N") }, AsUser(owner))).Media;

    /// <summary>A post of one photo.</summary>
    public async Task<Media> NewPhotoAsync(long owner, byte[] photo)
    {
        using var upload = Media.Upload(AsUser(owner));
        foreach (var part in photo.Chunk(64 * 1024))
        {
            await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(part) });
        }
        await upload.RequestStream.CompleteAsync();
        var blob = (await upload).BlobId;
        return (await Media.CreateMediaAsync(
            new CreateMediaRequest { BlobIds = { blob }, RequestId = Guid.NewGuid().ToString("N") }, AsUser(owner))).Media;
    }

    public async Task<NpgsqlDataSource> PostgresOfAsync(long id) => Nodes.Primary(await Router.NodeOfAsync(id, CancellationToken.None));

    /// <summary>Commits a statement as psql would, and says up to where it is then committed.</summary>
    public static async Task<ReplayPosition> CommitAsync(NpgsqlDataSource source, string sql)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using (var statement = new NpgsqlCommand(sql, connection))
        {
            await statement.ExecuteNonQueryAsync();
        }
        await using var position = new NpgsqlCommand(
            "SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_flush_lsn()::text", connection);
        await using var reader = await position.ExecuteReaderAsync();
        await reader.ReadAsync();
        return ReplayPosition.EndOf(Timeline.FromWalFileName(reader.GetString(0)), Lsn.Parse(reader.GetString(1)));
    }

    /// <summary>Waits until every memcached server is invalidated up to the position; how long that took.</summary>
    public async Task<TimeSpan> MarkedAsync(NodeName node, ReplayPosition position)
    {
        var key = KeyLayout.Watermark(Prefix, node);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        foreach (var server in Memcached.Servers)
        {
            while (true)
            {
                if (await LoAsync(server, key) >= position)
                {
                    break;
                }
                Assert.True(
                    System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30),
                    $"{server.Address} was not marked up to {position} within 30 s");
            }
        }
        return System.Diagnostics.Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Look-ups of a table as PostgreSQL counts them, once the counters stand still (sessions report with a delay).</summary>
    public static async Task<long> ScansAsync(NpgsqlDataSource source, string table)
    {
        var last = -1L;
        var since = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            await using var command = source.CreateCommand(
                $"SELECT seq_scan + coalesce(idx_scan, 0), pg_stat_clear_snapshot() IS NULL FROM pg_stat_user_tables WHERE relname = '{table}'");
            var now = (long)(await command.ExecuteScalarAsync())!;
            if (now != last)
            {
                since.Restart();
            }
            else if (since.Elapsed > TimeSpan.FromSeconds(1.5))
            {
                return now;
            }
            last = now;
            await Task.Yield();
        }
    }

    /// <summary>Reads by level, summed over all processes, as /metrics tells.</summary>
    public Task<long> CacheReadsAsync(string method, params string[] levels) => CountedAsync(
        Webs,
        line => line.StartsWith("insta_cache_reads", StringComparison.Ordinal) && line.Contains($"method=\"{method}\"", StringComparison.Ordinal)
            && levels.Any(level => line.Contains($"level=\"{level}\"", StringComparison.Ordinal)));

    /// <summary>The sum of samples of /metrics.</summary>
    public static async Task<long> CountedAsync(IEnumerable<Uri> webs, Func<string, bool> isCounted)
    {
        using var client = new HttpClient();
        var sum = 0L;
        foreach (var web in webs)
        {
            foreach (var line in (await client.GetStringAsync(new Uri(web, "/metrics"))).Split('\n').Where(isCounted))
            {
                sum += (long)double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
            }
        }
        return sum;
    }

    private (int Grpc, int Web) PortsOf(string service) =>
        _ports[_ports.Count == 1 ? "all" : _serviceRoles.Single(pair => pair.Service == service).Role];

    private static async Task<ReplayPosition> LoAsync(MemcachedServer server, byte[] key)
    {
        try
        {
            var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value });
            return reply.Value is { } value && Watermark.TryRead(value) is { } watermark ? watermark.Lo : ReplayPosition.Origin;
        }
        catch (MemcachedException)
        {
            return ReplayPosition.Origin; // as far as this can see
        }
    }

    private static CallOptions As(string caller, string? token)
    {
        var headers = new Metadata { { MetadataNames.Caller, caller } };
        if (token is not null)
        {
            headers.Add(MetadataNames.ReadToken, token);
        }
        return new CallOptions(headers, DateTime.UtcNow.AddSeconds(30));
    }

    private static async Task<RunningMesh> StartAsync()
    {
        var mesh = new RunningMesh();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => mesh.StopAsync().Wait(TimeSpan.FromSeconds(20));
        await mesh.RunAsync();
        return mesh;
    }

    private async Task RunAsync()
    {
        await _servers.InitializeAsync();
        Prefix = _servers.NewPrefix("int");
        var directory = await _servers.CreateDatabaseAsync("directory");
        var databases = new Dictionary<string, string>
        {
            ["n1"] = (await _servers.CreateDatabaseAsync("n1")).ConnectionString,
            ["n2"] = (await _servers.CreateDatabaseAsync("n2")).ConnectionString,
        };
        Variables["INSTA__PREFIX"] = Prefix;
        Variables["INSTA__POSTGRES__DIRECTORY"] = directory.ConnectionString;
        foreach (var (name, database) in databases)
        {
            Variables[$"INSTA__POSTGRES__NODES__{name}__PRIMARY"] = database;
        }
        Variables["INSTA__MEMCACHED__SERVERS"] = string.Join(',', _servers.MemcachedServers);
        Variables["INSTA__PHOTOS__FOLDER"] = Path.Combine(_servers.Folder, "blobs");
        EdgePort = LoopbackPort.Free();
        Variables["INSTA__PHOTOS__EDGES__0"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{EdgePort}");
        Variables["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _servers.Kafka;
        Variables["INSTA__KAFKA__EMBEDDED"] = _servers.Broker.IsApacheKafka ? "false" : "true";
        var (code, output) = await InstaProcess.RunAsync(Variables, "migrate");
        Assert.True(code == 0, output);

        await (Environment.GetEnvironmentVariable("INSTA_TEST_SPLIT") == "1" ? StartSplitAsync() : StartRoleAsync("all"));
        Nodes = new NodePool(new PostgresOptions
        {
            Directory = directory.ConnectionString,
            Nodes = databases.ToDictionary(pair => pair.Key, pair => new PostgresNodeOptions { Primary = pair.Value }),
        });
        Router = new ShardRouter(Nodes);
        _pool = new MemcachedPool(new MemcachedOptions { Servers = [.. _servers.MemcachedServers] });
        Ids = new(ChannelTo("id"));
        ShardMap = new(ChannelTo("shardmap"));
        LeaseCache = new(ChannelTo("leasecache"));
        Media = new(ChannelTo("media"));
        Graph = new(ChannelTo("graph"));
        Feed = new(ChannelTo("feed"));
    }

    private async Task StartSplitAsync()
    {
        var roles = (await InstaProcess.RunAsync("roles")).Output.Split('\n').Skip(1)
            .Select(line => line.Split(' ')[0]).Where(role => role.Length > 0).ToArray();
        foreach (var role in roles)
        {
            _ports[role] = (LoopbackPort.Free(), LoopbackPort.Free());
        }
        foreach (var (service, role) in _serviceRoles)
        {
            Variables[$"INSTA__SERVICES__{service}"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports[role].Grpc}");
        }
        await Task.WhenAll(roles.Select(StartRoleAsync));
    }

    private async Task StartRoleAsync(string role)
    {
        var ports = _ports.TryGetValue(role, out var chosen) ? chosen : (LoopbackPort.Free(), LoopbackPort.Free());
        _ports[role] = ports;
        var process = InstaProcess.Start(
            Variables, "serve", "--roles", role,
            "--grpc", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports.Item1}"),
            "--web", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports.Item2}"));
        lock (_processes)
        {
            _processes.Add(process);
        }
        await process.LineAsync("serving ");
        using var client = new HttpClient();
        using var limit = new CancellationTokenSource(Limit);
        while (!(await client.GetAsync(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports.Item2}/readyz"), limit.Token)).IsSuccessStatusCode)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private GrpcChannel ChannelTo(string service) => GrpcChannel.ForAddress(
        $"http://{GrpcOf(service)}", new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });

    private async Task StopAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.DisposeAsync().AsTask()));
        if (_pool is not null)
        {
            await _pool.DisposeAsync();
        }
        await _servers.DisposeAsync();
    }
}
