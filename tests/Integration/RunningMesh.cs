using System.Globalization;
using System.Text.RegularExpressions;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>A mesh in processes of its own, on two nodes and two memcached servers. One for all tests of the assembly; each test makes its own
/// users and posts in it.</summary>
public sealed partial class RunningMesh : MeshUnderTest, IAsyncLifetime
{
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
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private RunningMesh? _started;

    /// <summary>The assembly's.</summary>
    public RunningMesh Mesh => _started ?? throw new InvalidOperationException("xunit initialises the fixture before its tests");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public SharedServers Servers => _servers;

    /// <summary>Where the mesh tells an edge cache what is deleted; nobody listens unless a test does.</summary>
    public int EdgePort { get; private set; }

    /// <summary>Where a service is called: <c>host:port</c>.</summary>
    public string GrpcOf(string service) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PortsOf(service).Grpc}");

    /// <summary>The web listener of a service's process: <c>host:port</c>.</summary>
    public string WebOf(string service) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PortsOf(service).Web}");

    /// <summary>The web addresses of all processes.</summary>
    public override IEnumerable<Uri> Webs =>
        _ports.Values.Select(ports => new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports.Web}")));

    public async Task InitializeAsync() => _started = await _shared.Value;

    /// <summary>Fails the class that has just ended if a process of the mesh has logged an error since the last one did.</summary>
    public Task DisposeAsync()
    {
        var errors = _started is { } mesh ? mesh.NewErrors() : [];
        Assert.True(errors.Count == 0, "errors were logged:\n" + string.Join('\n', errors));
        return Task.CompletedTask;
    }

    private (int Grpc, int Web) PortsOf(string service) =>
        _ports[_ports.Count == 1 ? "all" : _serviceRoles.Single(pair => pair.Service == service).Role];

    private List<string> NewErrors()
    {
        lock (_processes)
        {
            var lines = _processes.SelectMany(static process => process.Output).ToList();
            return [.. lines.Where(static line => IsError().IsMatch(line)).Where(_told.Add)];
        }
    }

    [GeneratedRegex("^\\{\"time\":\"[^\"]*\",\"level\":\"(fail|crit)\"")]
    private static partial Regex IsError();

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
        var prefix = _servers.NewPrefix("int");
        var directory = await _servers.CreateDatabaseAsync("directory");
        var databases = new Dictionary<string, string>
        {
            ["n1"] = (await _servers.CreateDatabaseAsync("n1")).ConnectionString,
            ["n2"] = (await _servers.CreateDatabaseAsync("n2")).ConnectionString,
        };
        Variables["INSTA__PREFIX"] = prefix;
        // What a contract does not declare is an error, not an uncached answer.
        Variables["DOTNET_ENVIRONMENT"] = "Development";
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
        Connect(prefix, directory.ConnectionString, databases, _servers.MemcachedServers, service => $"http://{GrpcOf(service)}");
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

    private async Task StopAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.DisposeAsync().AsTask()));
        await DisconnectAsync();
        await _servers.DisposeAsync();
    }
}
