using System.Net;
using Grpc.Net.Client.Balancer;
using InstaGrpc.Mesh.Tests.NotesV1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Tests;

/// <summary>A name that stands for several processes, as a headless Service does.</summary>
public sealed class BalanceTests : IAsyncLifetime
{
    private const int Calls = 120;

    private readonly NameTable _table = new();
    private readonly List<CountingServer> _servers = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task CallsToANameGoToItsProcessesByTurnsAndToThoseThatComeLater()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        await using var caller = Caller("http://notes.test:7070", _table);
        var notes = caller.GetRequiredService<NotesService.NotesServiceClient>();
        _table.Set(first, second);
        await SharesAsync(notes, first, second);

        var third = await StartAsync();
        _table.Set(first, second, third);
        await SharesAsync(notes, first, second, third);
    }

    [Fact]
    public async Task AProcessThatGoesFailsNoCall()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        await using var caller = Caller("http://notes.test:7070", _table);
        var notes = caller.GetRequiredService<NotesService.NotesServiceClient>();
        _table.Set(first, second);
        await SharesAsync(notes, first, second);

        using var over = new CancellationTokenSource();
        var calling = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                await CallAsync(notes);
            }
        })).ToArray();
        // As a pod ends: taken out of the name, then stopped.
        _table.Set(second);
        await first.StopAsync();
        var before = second.Count;
        await Patience.UntilAsync(() => second.Count > before + Calls, "the other has all calls");
        await over.CancelAsync();
        await Task.WhenAll(calling);
    }

    [Fact]
    public async Task AProcessThatComesBackIsCalledAgainSoon()
    {
        var first = await StartAsync();
        await using var caller = Caller("http://notes.test:7070", _table);
        var notes = caller.GetRequiredService<NotesService.NotesServiceClient>();
        _table.Set(first);
        await CallAsync(notes);
        await first.StopAsync();
        await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => CallAsync(notes));

        var again = await CountingServer.StartAsync(IPAddress.Loopback, first.Port);
        _servers.Add(again);

        await Patience.UntilAsync(() => AnswersAsync(notes), "the process that came back is called");
    }

    [Fact]
    public async Task ANameIsLookedUpInDns()
    {
        var server = await CountingServer.StartAsync(IPAddress.Any);
        _servers.Add(server);
        await using var caller = Caller($"http://{Dns.GetHostName()}:{server.Port}");

        await CallAsync(caller.GetRequiredService<NotesService.NotesServiceClient>());

        Assert.Equal(1, server.Count);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task AnAddressIsNotLookedUpAndHasNothingToChoose(string host)
    {
        var server = await StartAsync();
        await using var caller = Caller($"http://{host}:{server.Port}", _table);

        await CallAsync(caller.GetRequiredService<NotesService.NotesServiceClient>());

        Assert.Equal(1, server.Count);
        Assert.False(_table.WasAsked);
    }

    private static async Task<bool> AnswersAsync(NotesService.NotesServiceClient notes)
    {
        try
        {
            await CallAsync(notes);
            return true;
        }
        catch (Grpc.Core.RpcException)
        {
            return false;
        }
    }

    // Of a method that is not repeated.
    private static async Task CallAsync(NotesService.NotesServiceClient notes) => await notes.FailAsync(new FailRequest());

    /// <summary>Calls until each has been called, and from then on they are called equally often.</summary>
    private static async Task SharesAsync(NotesService.NotesServiceClient notes, params CountingServer[] servers)
    {
        foreach (var server in servers)
        {
            var before = server.Count;
            await Patience.UntilAsync(
                async () =>
                {
                    await CallAsync(notes);
                    return server.Count > before;
                },
                "the process is called");
        }

        var counts = servers.Select(static server => server.Count).ToArray();
        for (var i = 0; i < Calls; i++)
        {
            await CallAsync(notes);
        }

        var share = Calls / servers.Length;
        Assert.All(servers.Zip(counts), pair => Assert.InRange(pair.First.Count - pair.Second, share - 2, share + 2));
    }

    private static ServiceProvider Caller(string address, ResolverFactory? names = null)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?> { ["Insta:Services:notes"] = address, ["Insta:DeadlineFloor"] = "00:00:30" }).Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddInstaMesh(configuration).AddClient<NotesService.NotesServiceClient>();
        if (names is not null)
        {
            services.AddSingleton(names);
        }

        return services.BuildServiceProvider();
    }

    private async Task<CountingServer> StartAsync()
    {
        var server = await CountingServer.StartAsync(IPAddress.Loopback);
        _servers.Add(server);
        return server;
    }

    /// <summary>In the place of DNS.</summary>
    private sealed class NameTable : ResolverFactory
    {
        private readonly Lock _gate = new();
        private readonly List<Answer> _asked = [];
        private BalancerAddress[] _addresses = [];

        public override string Name => "dns";

        public bool WasAsked
        {
            get
            {
                lock (_gate)
                {
                    return _asked.Count > 0;
                }
            }
        }

        public void Set(params CountingServer[] servers)
        {
            lock (_gate)
            {
                _addresses = [.. servers.Select(static server => new BalancerAddress("127.0.0.1", server.Port))];
                _asked.ForEach(one => one.Tell(_addresses));
            }
        }

        public override Resolver Create(ResolverOptions options)
        {
            var answer = new Answer(this);
            lock (_gate)
            {
                _asked.Add(answer);
            }

            return answer;
        }

        private sealed class Answer(NameTable table) : Resolver
        {
            private Action<ResolverResult>? _listener;

            public void Tell(BalancerAddress[] addresses) => _listener?.Invoke(ResolverResult.ForResult(addresses));

            public override void Start(Action<ResolverResult> listener)
            {
                lock (table._gate)
                {
                    _listener = listener;
                    Tell(table._addresses);
                }
            }
        }
    }
}
