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
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Integration.Tests;

/// <summary>A mesh in other processes as a test sees it: its services, its databases, its memcached servers and its counters.</summary>
public abstract class MeshUnderTest
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private MemcachedPool? _pool;
    private int _names;

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

    /// <summary>The web addresses of all processes.</summary>
    public abstract IEnumerable<Uri> Webs { get; }

    public static CallOptions AsUser(long id, string? token = null) => As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"), token);

    public static CallOptions AsAdmin() => As("admin", null);

    public static CallOptions AsService(string name) => As($"service:{name}", null);

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

    /// <summary>Reads of a method at some levels, summed over all processes, as /metrics tells.</summary>
    public async Task<long> CacheReadsAsync(string method, params string[] levels)
    {
        var reads = await CacheReadsByLevelAsync(method);
        return levels.Sum(level => reads.GetValueOrDefault(level));
    }

    /// <summary>Reads of a method by level, summed over all processes.</summary>
    public async Task<Dictionary<string, long>> CacheReadsByLevelAsync(string method)
    {
        var reads = new Dictionary<string, long>(StringComparer.Ordinal);
        await EachSampleAsync(Webs, sample =>
        {
            if (sample.StartsWith("insta_cache_reads", StringComparison.Ordinal) && sample.Contains($"method=\"{method}\"", StringComparison.Ordinal))
            {
                var level = sample.Split("level=\"")[1].Split('"')[0];
                reads[level] = reads.GetValueOrDefault(level) + ValueOf(sample);
            }
        });
        return reads;
    }

    /// <summary>The sum of samples of /metrics.</summary>
    public static async Task<long> CountedAsync(IEnumerable<Uri> webs, Func<string, bool> isCounted)
    {
        var sum = 0L;
        await EachSampleAsync(webs, sample => sum += isCounted(sample) ? ValueOf(sample) : 0);
        return sum;
    }

    private static async Task EachSampleAsync(IEnumerable<Uri> webs, Action<string> look)
    {
        using var client = new HttpClient();
        foreach (var web in webs)
        {
            foreach (var line in (await client.GetStringAsync(new Uri(web, "/metrics"))).Split('\n')) look(line);
        }
    }

    private static long ValueOf(string sample) => (long)double.Parse(sample.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>What runs is there from now on.</summary>
    protected void Connect(
        string prefix, string directory, IReadOnlyDictionary<string, string> nodes, IEnumerable<string> memcached, Func<string, string> addressOf)
    {
        Prefix = prefix;
        Nodes = new NodePool(new PostgresOptions
        {
            Directory = directory,
            Nodes = nodes.ToDictionary(pair => pair.Key, pair => new PostgresNodeOptions { Primary = pair.Value }),
        });
        Router = new ShardRouter(Nodes);
        _pool = new MemcachedPool(new MemcachedOptions { Servers = [.. memcached] });
        Ids = new(ChannelTo("id"));
        ShardMap = new(ChannelTo("shardmap"));
        LeaseCache = new(ChannelTo("leasecache"));
        Media = new(ChannelTo("media"));
        Graph = new(ChannelTo("graph"));
        Feed = new(ChannelTo("feed"));

        GrpcChannel ChannelTo(string service) => GrpcChannel.ForAddress(
            addressOf(service), new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });
    }

    protected async Task DisconnectAsync()
    {
        if (_pool is not null)
        {
            await _pool.DisposeAsync();
        }
    }

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
}
