using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Ratios;

/// <summary>A mesh to measure: one PostgreSQL node that keeps what it is told (fsync), one memcached, a broker, and the processes of
/// <c>insta</c> that a benchmark asks for.</summary>
internal sealed class BenchMesh : IAsyncDisposable
{
    public const string Prefix = "bench.";

    /// <summary>The only node's name.</summary>
    public const string Node = "n1";

    private static readonly string[] _services = ["id", "shardmap", "leasecache", "media", "graph", "feed", "invalidator"];
    private static readonly string _program = Path.Combine(Checkout.Root, "services", "Host", "bin", "Release", "net10.0", "insta");

    private readonly List<InstaProcess> _processes = [];
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly TestFolder _folder = TestFolder.Create();
    private EmbeddedPostgres? _postgres;
    private EmbeddedMemcached? _memcached;
    private IDisposable? _broker;
    private MemcachedPool? _pool;
    private PostgresOptions? _nodes;

    public EmbeddedPostgres Postgres => _postgres!;

    public EmbeddedMemcached MemcachedProcess => _memcached!;

    public MemcachedPool Memcached => _pool!;

    public NodePool Nodes { get; private set; } = null!;

    /// <summary>The node's database.</summary>
    public string NodeDatabase => "node";

    /// <summary>Bootstrap servers of the broker.</summary>
    public string Kafka { get; private set; } = "";

    /// <param name="apacheKafka">False: the embedded broker, in this process.</param>
    /// <param name="cancellation">Stops the start.</param>
    /// <param name="memcachedMegabytes">What memcached may take for items.</param>
    public static async Task<BenchMesh> StartAsync(bool apacheKafka, CancellationToken cancellation, int memcachedMegabytes = 64)
    {
        if (!File.Exists(_program))
        {
            throw new InvalidOperationException($"{_program} is not built: ./insta bench builds it");
        }

        var mesh = new BenchMesh();
        try
        {
            await mesh.RunAsync(apacheKafka, memcachedMegabytes, cancellation).ConfigureAwait(false);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A cluster as production has it: what is committed is on disk.</summary>
    public static EmbeddedPostgresOptions PostgresOptions(string folder) => new()
    {
        DataFolder = folder,
        Authentication = PostgresAuthentication.Trust,
        TemplateFolder = Checkout.StateFolder,
        StopLimit = TimeSpan.FromSeconds(2),
    };

    /// <summary>Starts <c>insta serve</c> and waits until it is ready.</summary>
    /// <param name="roles">As <c>--roles</c> takes them.</param>
    /// <param name="onServerCore">Whether it has the core of what is measured, or shares the other one; null: it is not pinned.</param>
    /// <param name="upstream">The process that plays the other roles; null: this one does.</param>
    /// <param name="variables">More configuration.</param>
    public async Task<ServingProcess> ServeAsync(
        string roles, bool? onServerCore, ServingProcess? upstream = null, params (string Name, string Value)[] variables)
    {
        var own = new Dictionary<string, string>(_variables, StringComparer.Ordinal);
        foreach (var service in upstream is null ? [] : _services)
        {
            own[$"INSTA__SERVICES__{service}"] = upstream!.Grpc.ToString();
        }

        foreach (var (name, value) in variables)
        {
            own[name] = value;
        }

        var (grpc, web) = (Address(LoopbackPort.Free()), Address(LoopbackPort.Free()));
        string[] serve = [_program, "serve", "--roles", roles, "--grpc", grpc, "--web", web];
        var command = onServerCore is not { } server ? serve : server ? Machine.OnServerCore(serve) : Machine.OnOtherCore(serve);
        var process = InstaProcess.StartProgram(command[0], own, command[1..]);
        _processes.Add(process);
        await process.LineAsync("serving ").ConfigureAwait(false);
        var serving = new ServingProcess(process.Id, new Uri($"http://{grpc}"), new Uri($"http://{web}"));
        await serving.ReadyAsync().ConfigureAwait(false);
        return serving;
    }

    /// <summary>A copy of the node's database as it is now, in the same cluster; nobody else may be connected to it yet.</summary>
    public async Task CopyNodeDatabaseAsync(string name, CancellationToken cancellation)
    {
        await Nodes.DisposeAsync().ConfigureAwait(false);
        await using var server = NpgsqlDataSource.Create(Postgres.ConnectionString());
        await using var copy = server.CreateCommand($"CREATE DATABASE \"{name}\" TEMPLATE \"{NodeDatabase}\"");
        await copy.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        Nodes = new NodePool(_nodes!);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.DisposeAsync().AsTask())).ConfigureAwait(false);
        if (_pool is not null) await _pool.DisposeAsync().ConfigureAwait(false);
        if (Nodes is not null) await Nodes.DisposeAsync().ConfigureAwait(false);
        _broker?.Dispose();
        if (_memcached is not null) await _memcached.DisposeAsync().ConfigureAwait(false);
        if (_postgres is not null) await _postgres.CrashAsync().ConfigureAwait(false); // its data go away
        _folder.Dispose();
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private async Task RunAsync(bool apacheKafka, int memcachedMegabytes, CancellationToken cancellation)
    {
        _postgres = await EmbeddedPostgres.StartAsync(
            PostgresOptions(Path.Combine(_folder.Path, "postgres")),
            cancellation).ConfigureAwait(false);
        _memcached = await EmbeddedMemcached.StartAsync(
            new EmbeddedMemcachedOptions { MemoryMegabytes = memcachedMegabytes }, cancellation).ConfigureAwait(false);
        if (apacheKafka)
        {
            var kafka = await ApacheKafka.StartAsync(Path.Combine(_folder.Path, "kafka"), ct: cancellation).ConfigureAwait(false);
            (_broker, Kafka) = (kafka, kafka.BootstrapServers);
        }
        else
        {
            var broker = await Task.Run(EmbeddedBroker.Start, cancellation).ConfigureAwait(false);
            (_broker, Kafka) = (broker, broker.BootstrapServers);
        }

        var directory = await _postgres.CreateDatabaseAsync("directory", cancellation).ConfigureAwait(false);
        var node = await _postgres.CreateDatabaseAsync(NodeDatabase, cancellation).ConfigureAwait(false);
        _variables["INSTA__PREFIX"] = Prefix;
        _variables["INSTA__POSTGRES__DIRECTORY"] = directory;
        _variables[$"INSTA__POSTGRES__NODES__{Node}__PRIMARY"] = node;
        _variables["INSTA__MEMCACHED__SERVERS"] = _memcached.Address;
        _variables["INSTA__KAFKA__BOOTSTRAPSERVERS"] = Kafka;
        _variables["INSTA__KAFKA__EMBEDDED"] = apacheKafka ? "false" : "true";
        _variables["MALLOC_ARENA_MAX"] = "2";
        await using (var migrate = InstaProcess.StartProgram(_program, _variables, "migrate"))
        {
            if (await migrate.ExitAsync().ConfigureAwait(false) != 0)
            {
                throw new InvalidOperationException(string.Join('\n', migrate.Output));
            }
        }

        _nodes = new PostgresOptions
        {
            Directory = directory,
            Nodes = new Dictionary<string, PostgresNodeOptions> { [Node] = new() { Primary = node } },
        };
        Nodes = new NodePool(_nodes);
        _pool = new MemcachedPool(new MemcachedOptions { Servers = [_memcached.Address] });
    }
}
