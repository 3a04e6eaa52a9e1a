using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.Load.Mesh;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Faults;

/// <summary>
/// A mesh whose parts can be killed: PostgreSQL (which keeps what it is told), memcached, a broker, and three processes of <c>insta</c>: invalidator, projector, and
/// one that plays all other roles.
/// </summary>
internal sealed class OwnMesh : IAsyncDisposable
{
    private const string Node = "n1";
    private const string Prefix = "load.";
    private const string Others = "id,shardmap,leasecache,changes,media,feed,gateway";

    private static readonly string[] _services = ["id", "shardmap", "leasecache", "media", "graph", "feed"];
    private static readonly TimeSpan _readyLimit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = TestFolder.Create();
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Grpc, string Web)> _addresses = [];
    private readonly Dictionary<string, InstaProcess> _processes = [];
    private EmbeddedPostgres? _postgres;
    private EmbeddedMemcached? _memcached;
    private ApacheKafka? _kafka;
    private EmbeddedBroker? _broker;

    private OwnMesh()
    {
    }

    /// <summary>What can be killed.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["memcached", "broker", "postgres", "invalidator", "projector"];

    public MeshEndpoints Endpoints { get; private set; } = null!;

    /// <param name="apacheKafka">False: the embedded broker, which lives in this process and cannot be killed.</param>
    /// <param name="ct">Stops the start.</param>
    public static async Task<OwnMesh> StartAsync(bool apacheKafka, CancellationToken ct)
    {
        var mesh = new OwnMesh();
        try
        {
            await mesh.RunAsync(apacheKafka, ct).ConfigureAwait(false);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Without a warning: no data are written, no connection is closed in order.</summary>
    public async Task KillAsync(string part)
    {
        switch (part)
        {
            case "memcached":
                await _memcached!.CrashAsync().ConfigureAwait(false);
                break;
            case "postgres":
                await _postgres!.CrashAsync().ConfigureAwait(false);
                break;
            case "broker":
                _kafka!.Kill();
                break;
            default:
                await _processes[part].SignalAsync("KILL").ConfigureAwait(false);
                await _processes[part].ExitAsync().ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Starts it again where it was; returns when it can be reached.</summary>
    public async Task ReturnAsync(string part, CancellationToken ct)
    {
        switch (part)
        {
            case "memcached":
                _memcached = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = _memcached!.Port }, ct).ConfigureAwait(false);
                break;
            case "postgres":
                _postgres = await EmbeddedPostgres.StartAsync(PostgresOptions(_postgres!.Port), ct).ConfigureAwait(false);
                break;
            case "broker":
                _kafka = await ApacheKafka.StartAsync(KafkaFolder, _kafka!.Port, ct).ConfigureAwait(false);
                break;
            default:
                await ServeAsync(part).ConfigureAwait(false);
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Values.Select(static process => process.DisposeAsync().AsTask())).ConfigureAwait(false);
        _kafka?.Dispose();
        _broker?.Dispose();
        if (_memcached is not null) await _memcached.DisposeAsync().ConfigureAwait(false);
        if (_postgres is not null) await _postgres.CrashAsync().ConfigureAwait(false); // its data go away
        _folder.Dispose();
    }

    private string KafkaFolder => Path.Combine(_folder.Path, "kafka");

    /// <summary>Beside this program, or where <c>./insta</c> builds it.</summary>
    private static string Program => new[]
    {
        Path.Combine(AppContext.BaseDirectory, "insta"), Path.Combine(Checkout.Root, "services", "Host", "bin", "Release", "net10.0", "insta"),
    }.FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("services/Host is not built: ./insta load builds it");

    private EmbeddedPostgresOptions PostgresOptions(int port) => new()
    {
        DataFolder = Path.Combine(_folder.Path, "postgres"), Authentication = PostgresAuthentication.Trust, TemplateFolder = Checkout.StateFolder,
        StopLimit = TimeSpan.FromSeconds(2), Port = port,
    };

    private async Task RunAsync(bool apacheKafka, CancellationToken ct)
    {
        _postgres = await EmbeddedPostgres.StartAsync(PostgresOptions(0), ct).ConfigureAwait(false);
        _memcached = await EmbeddedMemcached.StartAsync(ct: ct).ConfigureAwait(false);
        if (apacheKafka) _kafka = await ApacheKafka.StartAsync(KafkaFolder, ct: ct).ConfigureAwait(false);
        else _broker = await Task.Run(EmbeddedBroker.Start, ct).ConfigureAwait(false);

        var node = await _postgres.CreateDatabaseAsync("node", ct).ConfigureAwait(false);
        _variables["INSTA__PREFIX"] = Prefix;
        _variables["INSTA__POSTGRES__DIRECTORY"] = await _postgres.CreateDatabaseAsync("directory", ct).ConfigureAwait(false);
        _variables[$"INSTA__POSTGRES__NODES__{Node}__PRIMARY"] = node;
        _variables["INSTA__MEMCACHED__SERVERS"] = _memcached.Address;
        _variables["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _kafka?.BootstrapServers ?? _broker!.BootstrapServers;
        _variables["INSTA__KAFKA__EMBEDDED"] = apacheKafka ? "false" : "true";
        _variables["INSTA__PHOTOS__FOLDER"] = Path.Combine(_folder.Path, "blobs");
        _variables["MALLOC_ARENA_MAX"] = "2";
        await using (var migrate = InstaProcess.StartProgram(Program, _variables, "migrate"))
        {
            if (await migrate.ExitAsync().ConfigureAwait(false) != 0) throw new InvalidOperationException(string.Join('\n', migrate.Output));
        }

        foreach (var role in (string[])[Others, "invalidator", "projector"]) _addresses[role] = (Address(), Address());
        foreach (var service in _services) _variables[$"INSTA__SERVICES__{service}"] = $"http://{_addresses[Others].Grpc}";
        _variables["INSTA__SERVICES__invalidator"] = $"http://{_addresses["invalidator"].Grpc}";
        await Task.WhenAll(_addresses.Keys.Select(ServeAsync)).ConfigureAwait(false);
        Endpoints = new MeshEndpoints(
            $"http://{_addresses[Others].Grpc}", $"http://{_addresses[Others].Web}", new Dictionary<string, string> { [Node] = node }, [_memcached.Address], Prefix);
        using var web = new HttpClient();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(_readyLimit);
        foreach (var (_, address) in _addresses)
        {
            while (!(await web.GetAsync(new Uri($"http://{address.Web}/readyz"), late.Token).ConfigureAwait(false)).IsSuccessStatusCode)
            {
                await Task.Delay(50, late.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(string roles)
    {
        if (_processes.Remove(roles, out var former)) await former.DisposeAsync().ConfigureAwait(false);
        var (grpc, web) = _addresses[roles];
        var process = InstaProcess.StartProgram(Program, _variables, "serve", "--roles", roles, "--grpc", grpc, "--web", web);
        lock (_processes) _processes[roles] = process;
        await process.LineAsync("serving ").ConfigureAwait(false);
    }

    private static string Address() => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Free()}");
}
