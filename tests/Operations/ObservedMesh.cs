using System.Text.RegularExpressions;
using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>A mesh in one process on servers of its own, which a test may break, and a Prometheus that watches it.</summary>
internal sealed partial class ObservedMesh : IAsyncDisposable
{
    public static readonly TimeSpan Limit = ServingMesh.Limit;

    private OwnServers? _servers;
    private ServingMesh? _mesh;
    private PrometheusServer? _prometheus;

    public EmbeddedPostgres Postgres => _servers!.Postgres;

    public EmbeddedMemcached Memcached => _servers!.Memcached;

    public InstaProcess Process => _mesh!.Process;

    public PrometheusServer Prometheus => _prometheus!;

    public MediaService.MediaServiceClient Media => _mesh!.Media;

    public GraphService.GraphServiceClient Graph => _mesh!.Graph;

    public FeedService.FeedServiceClient Feed => _mesh!.Feed;

    /// <summary>The connection string of the only node's database.</summary>
    public string Node => _servers!.Node;

    /// <summary>The chart's rules.</summary>
    public static string Rules => File.ReadAllText(Path.Combine(Checkout.Root, "helm", "insta", "alerts", "insta.rules.yaml"));

    /// <param name="rules">Changes to the chart's rules, beside that none waits.</param>
    /// <param name="variables">More configuration.</param>
    public static async Task<ObservedMesh> StartAsync(Func<string, string>? rules = null, params (string Name, string Value)[] variables)
    {
        var mesh = new ObservedMesh();
        try
        {
            await mesh.RunAsync(Wait().Replace((rules ?? (static text => text))(Rules), "for: 0s"), variables);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public static CallOptions AsUser(long id, TimeSpan? deadline = null) => ServingMesh.AsUser(id, deadline);

    public Task<long> NewUserAsync() => _mesh!.NewUserAsync();

    public Task<long> NewMediaAsync(long owner) => _mesh!.NewMediaAsync(owner);

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
        if (_mesh is not null) await _mesh.DisposeAsync();
        if (_servers is not null) await _servers.DisposeAsync();
    }

    private async Task RunAsync(string rules, (string Name, string Value)[] variables)
    {
        _servers = await OwnServers.StartAsync(variables);
        _mesh = await ServingMesh.StartAsync(_servers);
        await _mesh.StreamsAsync();
        _prometheus = await PrometheusServer.StartAsync(_mesh.Web, rules);
        using var limit = new CancellationTokenSource(Limit);
        while (await _prometheus.CountAsync("insta_changes_streaming == 1") < 2) limit.Token.ThrowIfCancellationRequested();
    }

    [GeneratedRegex("for: [0-9]+m")]
    private static partial Regex Wait();
}
