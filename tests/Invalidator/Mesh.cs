using Google.Protobuf;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Invalidator;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Invalidator.Tests;

/// <summary>A directory, a node's name, memcached servers of the test's own, and any number of invalidators.</summary>
internal sealed class Mesh : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestDatabase _directory;
    private readonly TestDatabase _database;
    private readonly List<IHost> _hosts = [];

    private Mesh(SharedServers servers, TestDatabase directory, TestDatabase database, IReadOnlyList<EmbeddedMemcached> memcached, bool proxied)
    {
        Prefix = servers.NewPrefix("inv");
        _directory = directory;
        _database = database;
        Memcached = memcached;
        Configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Insta:Prefix"] = Prefix,
            ["Insta:Postgres:Directory"] = directory.ConnectionString,
            ["Insta:Postgres:Nodes:n1:Primary"] = database.ConnectionString,
            ["Insta:Memcached:Servers"] = string.Join(',', memcached.Select(server => server.Address)),
            ["Insta:Kafka:BootstrapServers"] = servers.Kafka,
            ["Insta:Kafka:Embedded"] = servers.Broker.IsApacheKafka ? "false" : "true",
            ["Insta:Invalidator:RetryPause"] = "00:00:00.050",
        }).Build();
        // What the test itself asks goes past the proxy.
        Proxy = proxied ? new FaultProxy(memcached.Single().Address) : null;
        Invalidators = Proxy is null ? Configuration : new ConfigurationBuilder().AddConfiguration(Configuration)
            .AddInMemoryCollection([KeyValuePair.Create("Insta:Memcached:Servers", (string?)Proxy.Address)]).Build();
        var services = new ServiceCollection().AddLogging();
        services.AddMemcached(Configuration).AddChangeLog(Configuration);
        Own = services.BuildServiceProvider();
        Pool = Own.GetRequiredService<MemcachedPool>();
        Stream = new ChangeStream(Own.GetRequiredService<ChangeLogClient>(), Node);
    }

    public NodeName Node { get; } = new("n1");

    public string Prefix { get; }

    public IConfiguration Configuration { get; }

    /// <summary>As <see cref="Configuration"/>, with the proxy in memcached's place.</summary>
    public IConfiguration Invalidators { get; }

    public FaultProxy? Proxy { get; }

    public IReadOnlyList<EmbeddedMemcached> Memcached { get; }

    public ServiceProvider Own { get; }

    public MemcachedPool Pool { get; }

    public ChangeStream Stream { get; }

    public TestDatabase Directory => _directory;

    public static async Task<Mesh> CreateAsync(
        SharedServers servers, int memcached = 1, bool proxied = false, EmbeddedMemcachedOptions? options = null)
    {
        var directory = await servers.CreateDirectoryAsync("invdir");
        var database = await servers.CreateNodeAsync("invnode");
        var own = await Task.WhenAll(Enumerable.Range(0, memcached).Select(_ => EmbeddedMemcached.StartAsync(options)));
        var mesh = new Mesh(servers, directory, database, own, proxied);
        await using var pool = new NodePool(new PostgresOptions
        {
            Directory = directory.ConnectionString,
            Nodes = { ["n1"] = new PostgresNodeOptions { Primary = database.ConnectionString } },
        });
        await new Migrator(LoggerFactory.Create(_ => { }).CreateLogger<Migrator>()).MigrateAsync(pool, CancellationToken.None);
        return mesh;
    }

    public async Task<IHost> StartInvalidatorAsync(LogLines? log = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddConfiguration(Invalidators);
        builder.Services.AddLogging(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Information));
        if (log is not null)
        {
            builder.Services.AddSingleton<ILoggerProvider>(log);
        }
        builder.Services.AddMetrics();
        builder.Services.AddInvalidator(Invalidators);
        var host = builder.Build();
        await host.StartAsync();
        _hosts.Add(host);
        return host;
    }

    /// <summary>Announces a contract with one int64 key field, bound to a column.</summary>
    public async Task<ContractKeys> AnnounceAsync(
        string method, string table, string column, uint maxStaleMs = 0, bool list = false, uint encoder = KeyEncoder.Version)
    {
        var contract = Contract(method, table, column, maxStaleMs, list);
        contract.EncoderVersion = encoder;
        await using var connection = await _directory.OpenAsync();
        var epoch = (await DirectoryIdentity.EnsureAsync(connection, CancellationToken.None)).Epoch;
        await using var command = new NpgsqlCommand(
            """
            WITH next AS (UPDATE contract_counter SET last_number = last_number + 1 WHERE epoch = $1 RETURNING last_number)
            INSERT INTO contracts (epoch, number, identity, method, body) SELECT $1, last_number, sha256($3), $2, $3 FROM next RETURNING number
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = epoch });
        command.Parameters.Add(new NpgsqlParameter { Value = method });
        command.Parameters.Add(new NpgsqlParameter { Value = contract.ToByteArray() });
        var number = new ContractNumber(epoch, (long)(await command.ExecuteScalarAsync())!);
        contract.EncoderVersion = KeyEncoder.Version;
        return new ContractKeys(Prefix, Node, number, contract);
    }

    /// <summary>The keys of a contract that will be announced under this number.</summary>
    public ContractKeys KeysOf(ContractNumber number, string method, string table, string column) =>
        new(Prefix, Node, number, Contract(method, table, column, maxStaleMs: 0, list: false));

    /// <summary>Writes a watermark as another lineage might have left it.</summary>
    public async Task LeaveAsync(Watermark watermark) =>
        Assert.True((await Pool.Servers[0].SetAsync(KeyLayout.Watermark(Prefix, Node), watermark.ToBytes(), new())).IsHit);

    /// <summary>Says that the contract's table is in the stream from this position on (null: refused).</summary>
    public Task AnswerAsync(ContractKeys keys, ReplayPosition? from) => _directory.ExecuteAsync(
        $"""
        INSERT INTO contract_nodes (epoch, number, node, state, timeline, lsn)
        VALUES ({keys.Number.Epoch}, {keys.Number.Number}, 'n1', '{(from is null ? "refused" : "published")}',
                {from?.Timeline.Value.ToString() ?? "NULL"}, {(from is null ? "NULL" : $"'{from.Value.Lsn}'")})
        """);

    /// <summary>Makes a living contract's row in the directory one that nobody can read.</summary>
    public Task SpoilAsync(ContractKeys keys) =>
        _directory.ExecuteAsync($"UPDATE contracts SET body = '\\xff' WHERE number = {keys.Number.Number}");

    /// <summary>Ends a contract.</summary>
    public Task EndAsync(ContractKeys keys) =>
        _directory.ExecuteAsync($"UPDATE contracts SET ended_at = now() WHERE number = {keys.Number.Number}");

    public async Task<ContractKeys> AnnounceAndPublishAsync(string method, string table, string column, uint maxStaleMs = 0, bool list = false)
    {
        var keys = await AnnounceAsync(method, table, column, maxStaleMs, list);
        await AnswerAsync(keys, Stream.End);
        return keys;
    }

    public async Task<Watermark?> WatermarkAsync(int server = 0)
    {
        try
        {
            var reply = await Pool.Find(Memcached[server].Address)!.GetAsync(KeyLayout.Watermark(Prefix, Node), new MetaGet());
            return reply.Value is { } value ? Watermark.TryRead(value) : null;
        }
        catch (MemcachedException)
        {
            return null;
        }
    }

    /// <summary>Waits until the server's watermark fulfils a condition, with heartbeats going on so that it moves.</summary>
    public async Task<Watermark> WatermarkAsync(Func<Watermark, bool> condition, int server = 0)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            if (await WatermarkAsync(server) is { } watermark && condition(watermark))
            {
                return watermark;
            }
            limit.Token.ThrowIfCancellationRequested();
            await Stream.HeartbeatAsync();
        }
    }

    public async Task PutAsync(CacheKey key, ulong generation, int server = 0) =>
        Assert.True((await Pool.Find(Memcached[server].Address)!.SetAsync(key.Under(generation), "old"u8, new MetaSet())).IsHit);

    public async Task<MetaReply> LookAsync(CacheKey key, ulong generation, int server = 0) =>
        await Pool.Find(Memcached[server].Address)!.GetAsync(key.Under(generation), new MetaGet());

    private static AnnouncedContract Contract(string method, string table, string column, uint maxStaleMs, bool list) => new()
    {
        Method = method,
        EncoderVersion = KeyEncoder.Version,
        List = list,
        MaxStaleMs = maxStaleMs,
        LeaseSeconds = 2,
        Fields = { new KeyField { Name = "id", Type = KeyType.Integer } },
        DependsOn = { new AnnouncedDependency { Table = table, Columns = { column } } },
    };

    public async ValueTask DisposeAsync()
    {
        Proxy?.ReleaseReplies();
        foreach (var host in _hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }
        await Stream.DisposeAsync();
        await Own.DisposeAsync();
        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }
        foreach (var server in Memcached)
        {
            await server.DisposeAsync();
        }
        await _directory.DisposeAsync();
        await _database.DisposeAsync();
    }
}
