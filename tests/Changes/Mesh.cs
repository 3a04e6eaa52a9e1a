using System.Diagnostics.Metrics;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>A migrated directory and one node, <c>n1</c>, in databases of their own, with a prefix of their own.</summary>
internal sealed class Mesh : IAsyncDisposable
{
    private readonly List<Publisher> _publishers = [];
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(90));
    private readonly List<TestDatabase> _databases = [];
    private readonly Dictionary<NodeName, NpgsqlDataSource> _sources = [];

    private Mesh(EmbeddedPostgres server, TestBroker broker, string name)
    {
        Server = server;
        Name = name;
        Log = new ChangeLogClient(
            new ChangeLogOptions { BootstrapServers = broker.BootstrapServers, Embedded = !broker.IsApacheKafka, Prefix = name + "." },
            new ConsumerProgress(TimeProvider.System),
            NullLoggerFactory.Instance);
    }

    public static NodeName Node { get; } = new("n1");

    public CancellationToken Limit => _limit.Token;

    public EmbeddedPostgres Server { get; }

    public ChangeLogClient Log { get; private set; }

    public NodePool Pool { get; private set; } = null!;

    public string Name { get; }

    public string SlotName => PublicationName.Of(Log.Options.Prefix, Node);

    public string NodeDatabase => _databases[1].Name;

    public static async Task<Mesh> CreateAsync(SharedServers servers, EmbeddedPostgres? server = null)
    {
        var mesh = new Mesh(server ?? servers.Postgres, servers.Broker, servers.NewPrefix("changes").TrimEnd('.').Replace('-', '_'));
        foreach (var node in (NodeName[])[NodePool.DirectoryNode, Node])
        {
            var name = $"{mesh.Name}_{node}";
            var database = server is not null ? new TestDatabase(server, name, await server.CreateDatabaseAsync(name))
                : node == Node ? await servers.CreateNodeAsync(name)
                : await servers.CreateDirectoryAsync(name);
            mesh._databases.Add(database);
            // A pooled connection does not survive its server, and a server of a test's own is there to be stopped.
            mesh._sources.Add(node, NpgsqlDataSource.Create($"{database.ConnectionString};Pooling={server is null}"));
        }

        var options = new PostgresOptions
        {
            Directory = mesh._databases[0].ConnectionString,
            Nodes = { ["n1"] = new PostgresNodeOptions { Primary = mesh._databases[1].ConnectionString } },
        };
        mesh.Pool = new NodePool(options);
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(mesh.Pool, mesh.Limit);
        return mesh;
    }

    /// <summary>Another life of the broker: the same prefix on other servers.</summary>
    public void UseBroker(string bootstrapServers, bool embedded) => Log = new ChangeLogClient(
        new ChangeLogOptions { BootstrapServers = bootstrapServers, Embedded = embedded, Prefix = Name + "." },
        new ConsumerProgress(TimeProvider.System),
        NullLoggerFactory.Instance);

    public Publisher StartPublisher(ChangesOptions? options = null, ILogger? logger = null)
    {
        var status = new PublisherStatus(Node);
        var metrics = new ChangesMetrics(_services.GetRequiredService<IMeterFactory>(), [status]);
        var publisher = new Publisher(
            new NodePublisher(
                Node, Pool, Log, null, options ?? new ChangesOptions { PublicationInterval = TimeSpan.FromMilliseconds(100) }, metrics,
                    status,
                TimeProvider.System, logger ?? NullLogger.Instance),
            status,
            metrics);
        _publishers.Add(publisher);
        return publisher;
    }

    /// <summary>The role in a process of its own, for killing.</summary>
    public PublisherProcess StartProcess() => PublisherProcess.Start(
        $"Insta:Kafka:BootstrapServers={Log.Options.BootstrapServers}",
        $"Insta:Kafka:Embedded={Log.Options.Embedded}",
        $"Insta:Prefix={Log.Options.Prefix}",
        $"Insta:Postgres:Directory={Pool.Options.Directory}",
        $"Insta:Postgres:Nodes:n1:Primary={Pool.Options.Nodes["n1"].Primary}",
        "Insta:Changes:Nodes:0=n1");

    /// <summary>Waits until the publisher has looked for visible transactions again and again since now: what it would publish, it
    /// has.</summary>
    public async Task UntilGateLookedAsync(int times = 5)
    {
        for (var look = 0; look < times; look++)
        {
            var now = await QueryAsync<DateTime>("SELECT clock_timestamp()");
            await UntilAsync($"""
                SELECT EXISTS (SELECT FROM pg_stat_activity
                               WHERE application_name = 'insta changes gate' AND datname = current_database() AND query_start > '{now:O}')
                """);
        }
    }

    public async Task<Publisher> StartStreamingAsync(ChangesOptions? options = null)
    {
        var publisher = StartPublisher(options);
        await publisher.ReachAsync(PublisherState.Streaming, Limit);
        return publisher;
    }

    public StreamReader Read(ChangeStart start) => new(Log.OpenConsumer(Node, "test", start), Limit);

    public ValueTask<NpgsqlConnection> OpenAsync(NodeName? node = null) => _sources[node ?? Node].OpenConnectionAsync(Limit);

    /// <summary>Runs statements on the node, each committed by itself; returns what <c>pg_current_wal_flush_lsn()</c> says
    /// afterwards.</summary>
    public async Task<ReplayPosition> ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        return await ExecuteAsync(connection, sql);
    }

    public async Task<ReplayPosition> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Limit);
        await using var where = new NpgsqlCommand(
            "SELECT pg_walfile_name(pg_current_wal_insert_lsn()) || ' ' || pg_current_wal_flush_lsn()", connection);
        var parts = ((string)(await where.ExecuteScalarAsync(Limit))!).Split(' ');
        return ReplayPosition.EndOf(Timeline.FromWalFileName(parts[0]), Lsn.Parse(parts[1]));
    }

    public async Task<T> QueryAsync<T>(string sql, NodeName? node = null)
    {
        await using var connection = await OpenAsync(node);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Limit))!;
    }

    /// <summary>Waits until PostgreSQL was told that Kafka has everything up to here.</summary>
    public Task UntilConfirmedAsync(ReplayPosition position) => UntilAsync(
        $"SELECT confirmed_flush_lsn >= '{position.Lsn}' FROM pg_replication_slots WHERE slot_name = '{SlotName}'");

    public Task UntilPublishedAsync(string table) => UntilAsync(
        $"SELECT EXISTS (SELECT FROM pg_publication_tables WHERE pubname = '{SlotName}' AND tablename = '{table}')");

    /// <summary>The published columns of a table, by name.</summary>
    public Task<string> PublishedColumnsAsync(string table) => QueryAsync<string>($"""
        SELECT array_to_string(ARRAY(SELECT unnest(attnames)::text ORDER BY 1), ',')
        FROM pg_publication_tables WHERE pubname = '{SlotName}' AND tablename = '{table}'
        """);

    /// <summary>Waits until a query answers true.</summary>
    public async Task UntilAsync(string sql, NodeName? node = null)
    {
        await using var connection = await OpenAsync(node);
        await using var command = new NpgsqlCommand(sql, connection);
        while (await command.ExecuteScalarAsync(Limit) is not true)
        {
            await Task.Delay(10, Limit);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var publisher in _publishers)
        {
            await publisher.DisposeAsync();
        }

        await Pool.DisposeAsync();
        await _services.DisposeAsync();
        _limit.Dispose();
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync();
        }

        foreach (var database in _databases.Where(_ => !Server.Exited.IsCompleted))
        {
            await database.DisposeAsync();
        }
    }
}
