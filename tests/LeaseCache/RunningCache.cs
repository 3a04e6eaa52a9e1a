using System.Text;
using Google.Protobuf;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Embedded;
using InstaGrpc.Services.Changes;
using InstaGrpc.Services.Invalidator;
using InstaGrpc.Services.LeaseCache;
using InstaGrpc.TestFixtures;
using Client = InstaGrpc.Contracts.LeasecacheV1.LeaseCacheService.LeaseCacheServiceClient;

namespace InstaGrpc.LeaseCache.Tests;

/// <summary>Two replicas of the role, two memcached servers of their own, and a process that publishes and invalidates.</summary>
public sealed class RunningCache : IAsyncLifetime
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<EmbeddedMemcached> _memcached = [];
    private readonly List<MeshProcess> _replicas = [];

    public TestNodes Nodes { get; private set; } = null!;

    public MeshProcess Invalidator { get; private set; } = null!;

    public IReadOnlyList<EmbeddedMemcached> Memcached => _memcached;

    public IReadOnlyList<MeshProcess> Replicas => _replicas;

    /// <summary>A client of each replica.</summary>
    public IReadOnlyList<Client> Clients => [.. _replicas.Select(static replica => new Client(replica.As("service:test")))];

    /// <summary>One that was started for a test that harms it.</summary>
    public static async Task<RunningCache> StartAsync()
    {
        var running = new RunningCache();
        await running.InitializeAsync();
        return running;
    }

    public async Task InitializeAsync()
    {
        var fixture = new AssemblyServers();
        await ((IAsyncLifetime)fixture).InitializeAsync();
        var servers = fixture.Servers;
        Nodes = await TestNodes.CreateAsync(servers, nodes: 1, hint: "leases");
        _memcached.AddRange(await Task.WhenAll(EmbeddedMemcached.StartAsync(), EmbeddedMemcached.StartAsync()));
        KeyValuePair<string, string?>[] configuration =
        [
            .. Nodes.Configuration,
            new("Insta:Prefix", servers.NewPrefix("leases")),
            new("Insta:Memcached:Servers", string.Join(',', _memcached.Select(static server => server.Address))),
            new("Insta:Kafka:BootstrapServers", servers.Kafka),
            new("Insta:Kafka:Embedded", servers.Broker.IsApacheKafka ? "false" : "true"),
            new("Insta:Invalidator:RetryPause", "00:00:00.050"),
            new("Insta:Cache:MaxLag", "00:00:02"),
        ];
        Invalidator = await MeshProcess.StartAsync(
            configuration, (services, settings) => services.AddChanges(settings), (services, settings) => services.AddInvalidator(settings));
        for (var i = 0; i < 2; i++)
        {
            _replicas.Add(await MeshProcess.StartAsync(configuration, (services, settings) => services.AddLeaseCache(settings)));
        }
        await WaitUntilInvalidatedAsync();
    }

    /// <summary>Until every server has a watermark of the directory, and each replica can lease on it.</summary>
    public async Task WaitUntilInvalidatedAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        foreach (var client in Clients)
        {
            while (true)
            {
                var stats = await client.StatsAsync(new StatsRequest(), cancellationToken: limit.Token);
                if (stats.Servers.All(static server => server.Up && server.Lags.Any(static lag => lag is { Node: "directory", Present: true, LagMs: < 1500 })))
                {
                    break;
                }
                await Task.Delay(20, limit.Token);
            }
        }
        foreach (var client in Clients)
        {
            // Keys for both servers.
            for (var n = 0; n < 16; n++)
            {
                var key = $"warm/{Guid.NewGuid()}";
                while ((await client.GetAsync(new GetRequest { Key = key }, cancellationToken: limit.Token)).Lease is { ExpiresInMs: 0 })
                {
                    await Task.Delay(20, limit.Token);
                }
            }
        }
    }

    public static FillRequest Fill(string key, Lease lease, string value) => new()
    {
        Key = key, LeaseToken = lease.LeaseToken, Value = ByteString.CopyFrom(value, Encoding.UTF8),
    };

    /// <summary>Leases and fills.</summary>
    public async Task PutAsync(string key, string value)
    {
        var leased = await Clients[0].GetAsync(new GetRequest { Key = key, WaitMs = 1000 });
        Assert.Equal(GetResponse.OutcomeOneofCase.Lease, leased.OutcomeCase);
        Assert.Equal(FillResult.Filled, (await Clients[0].FillAsync(Fill(key, leased.Lease, value))).Result);
    }

    public async Task DisposeAsync()
    {
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }
        await Invalidator.DisposeAsync();
        foreach (var server in _memcached)
        {
            await server.DisposeAsync();
        }
        await Nodes.DisposeAsync();
    }
}
