using System.Globalization;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>A mesh in one process on servers of its own, which a test may break, and a Prometheus that watches it.</summary>
internal sealed partial class ObservedMesh : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly TestFolder _folder = TestFolder.Create();
    private readonly Uri _grpc = Loopback(LoopbackPort.Free());
    private readonly Uri _web = Loopback(LoopbackPort.Free());
    private EmbeddedPostgres? _postgres;
    private EmbeddedMemcached? _memcached;
    private EmbeddedBroker? _broker;
    private InstaProcess? _process;
    private GrpcChannel? _channel;
    private PrometheusServer? _prometheus;
    private int _names;

    public EmbeddedPostgres Postgres => _postgres!;

    public EmbeddedMemcached Memcached => _memcached!;

    public InstaProcess Process => _process!;

    public PrometheusServer Prometheus => _prometheus!;

    public MediaService.MediaServiceClient Media => new(_channel!);

    public GraphService.GraphServiceClient Graph => new(_channel!);

    public FeedService.FeedServiceClient Feed => new(_channel!);

    public AppService.AppServiceClient App => new(_channel!);

    /// <summary>The connection string of the only node's database.</summary>
    public string Node { get; private set; } = "";

    /// <summary>The chart's rules.</summary>
    public static string Rules => File.ReadAllText(Path.Combine(Checkout.Root, "helm", "insta", "alerts", "insta.rules.yaml"));

    /// <param name="rules">Changes to the chart's rules, beside that none waits.</param>
    /// <param name="variables">More configuration.</param>
    public static Task<ObservedMesh> StartAsync(Func<string, string>? rules = null, params (string Name, string Value)[] variables) =>
        StartAsync(Wait().Replace((rules ?? (static text => text))(Rules), "for: 0s"), variables);

    /// <summary>The mesh alone, without a Prometheus.</summary>
    public static Task<ObservedMesh> StartUnwatchedAsync(params (string Name, string Value)[] variables) => StartAsync(null as string, variables);

    private static async Task<ObservedMesh> StartAsync(string? rules, (string Name, string Value)[] variables)
    {
        var mesh = new ObservedMesh();
        try
        {
            await mesh.RunAsync(rules, variables);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public static CallOptions AsUser(long id, TimeSpan? deadline = null) => As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"), deadline);

    public async Task<long> NewUserAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"u.{Interlocked.Increment(ref _names)}");
        return (await Graph.CreateUserAsync(new CreateUserRequest { Name = name, DisplayName = name, RequestId = name }, As("admin", null))).User.Id;
    }

    public async Task<long> NewMediaAsync(long owner) => (await Media.CreateMediaAsync(
        new CreateMediaRequest { Caption = "caption", RequestId = Guid.NewGuid().ToString("N") }, AsUser(owner))).Media.Id;

    /// <summary>Calls again and again, whatever is answered, until the alert fires.</summary>
    public async Task FiresAsync(string alert, Func<Task> call)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!(await Prometheus.FiringAsync()).Contains(alert))
        {
            Assert.False(limit.IsCancellationRequested, $"{alert} does not fire, but {string.Join(", ", await Prometheus.FiringAsync())}");
            try
            {
                await call();
            }
            catch (RpcException)
            {
                // What the alert is about.
            }
        }
    }

    /// <summary>Waits until the alert fires.</summary>
    public Task FiresAsync(string alert) => FiresAsync(alert, static () => Task.CompletedTask);

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null) await _prometheus.DisposeAsync();
        _channel?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _broker?.Dispose();
        if (_memcached is not null) await _memcached.DisposeAsync();
        if (_postgres is not null) await _postgres.CrashAsync(); // its data go away
        _folder.Dispose();
    }

    private static CallOptions As(string caller, TimeSpan? deadline) =>
        new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow + (deadline ?? TimeSpan.FromSeconds(30)));

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    private async Task RunAsync(string? rules, (string Name, string Value)[] variables)
    {
        _postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(_folder.Path, "postgres"), Authentication = PostgresAuthentication.Trust, TemplateFolder = Checkout.StateFolder,
            Fsync = false, StopLimit = TimeSpan.FromSeconds(2),
        });
        _memcached = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { MemoryMegabytes = 64 });
        _broker = await Task.Run(EmbeddedBroker.Start);
        Node = await _postgres.CreateDatabaseAsync("node");
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["INSTA__POSTGRES__DIRECTORY"] = await _postgres.CreateDatabaseAsync("directory"),
            ["INSTA__POSTGRES__NODES__n1__PRIMARY"] = Node,
            ["INSTA__MEMCACHED__SERVERS"] = _memcached.Address,
            ["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _broker.BootstrapServers,
            ["INSTA__KAFKA__EMBEDDED"] = "true",
            ["INSTA__CHANGES__SLOTINTERVAL"] = "00:00:01",
        };
        foreach (var (name, value) in variables)
        {
            all[name] = value.Replace("{node}", Node, StringComparison.Ordinal);
        }

        var (code, output) = await InstaProcess.RunAsync(all, "migrate");
        Assert.True(code == 0, output);
        _process = InstaProcess.Start(all, "serve", "--roles", "all", "--grpc", _grpc.Authority, "--web", _web.Authority);
        await _process.LineAsync("serving ");
        using var client = new HttpClient { BaseAddress = _web };
        using var limit = new CancellationTokenSource(Limit);
        while (!(await client.GetAsync("/readyz", limit.Token)).IsSuccessStatusCode)
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        _channel = GrpcChannel.ForAddress(_grpc);
        // A process is ready before its streams are: the directory's and the node's.
        while ((await client.GetStringAsync("/metrics", limit.Token)).Split('\n')
            .Count(static line => line.StartsWith("insta_changes_streaming{", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal)) < 2)
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        if (rules is null) return;
        _prometheus = await PrometheusServer.StartAsync(_web, rules);
        while (await _prometheus.CountAsync("insta_changes_streaming == 1") < 2)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    [GeneratedRegex("for: [0-9]+m")]
    private static partial Regex Wait();
}
