using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>PostgreSQL, memcached and the broker of a run: started here, or given by flags.</summary>
internal sealed class Backends : IAsyncDisposable
{
    private const string _directoryDatabase = "insta_directory";

    private EmbeddedPostgres? _postgres;
    private EmbeddedMemcached? _memcached;
    private EmbeddedBroker? _broker;

    private Backends()
    {
    }

    /// <summary>Database of the directory, a URL.</summary>
    public string Directory { get; private set; } = "";

    /// <summary>Node name and the URL of its database, in order.</summary>
    public IReadOnlyList<(string Name, string Url)> Nodes { get; private set; } = [];

    public IReadOnlyList<string> Memcached { get; private set; } = [];

    public string Kafka { get; private set; } = "";

    /// <summary>Lines of the table: part, address, state, ready after.</summary>
    public List<string[]> Rows { get; } = [];

    /// <summary>What was started here and has ended by itself; never completes while all runs.</summary>
    public Task<string> Failed { get; private set; } = new TaskCompletionSource<string>().Task;

    public static async Task<Backends> StartAsync(UpOptions options, PhaseDisplay display, CancellationToken ct)
    {
        var backends = new Backends();
        try
        {
            await Task.WhenAll(
                backends.StartPostgresAsync(options, display, ct),
                backends.StartMemcachedAsync(options, display, ct),
                backends.StartBrokerAsync(options, display, ct));
            backends.Failed = backends.WatchAsync();
            return backends;
        }
        catch
        {
            await backends.DisposeAsync();
            throw;
        }
    }

    /// <summary>Settings of the roles' configuration.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Settings()
    {
        yield return new("Insta:Postgres:Directory", Directory);
        foreach (var (name, url) in Nodes) yield return new($"Insta:Postgres:Nodes:{name}:Primary", url);
        yield return new("Insta:Memcached:Servers", string.Join(',', Memcached));
        yield return new("Insta:Kafka:BootstrapServers", Kafka);
        if (_broker is not null) yield return new("Insta:Kafka:Embedded", "true");
    }

    public async ValueTask DisposeAsync()
    {
        // The broker first: it lives in this process and must not see its clients' servers go.
        _broker?.Dispose();
        await Task.WhenAll(StopAsync(_memcached), StopAsync(_postgres));

        static Task StopAsync(IAsyncDisposable? server) => server?.DisposeAsync().AsTask() ?? Task.CompletedTask;
    }

    private static string NodeName(int index) => string.Create(CultureInfo.InvariantCulture, $"n{index + 1}");

    private async Task StartPostgresAsync(UpOptions options, PhaseDisplay display, CancellationToken ct)
    {
        if (options.Postgres.Count > 0)
        {
            await display.RunAsync("postgres", () => GivenServers.CheckPostgresAsync(options.Postgres, ct));
            Directory = options.Postgres[0];
            Nodes = [.. options.Postgres.Select((url, index) => (NodeName(index), url))];
            foreach (var url in options.Postgres) AddRow("postgres", PostgresAddress.Describe(PostgresAddress.Parse(url)), "given", display);
            return;
        }
        await display.RunAsync("postgres", async () =>
        {
            _postgres = await EmbeddedPostgres.StartAsync(options.Data.Postgres(display.Report), ct);
            await _postgres.CreateDatabaseAsync(_directoryDatabase, ct);
            Directory = _postgres.Url(_directoryDatabase);
            var nodes = new List<(string, string)>();
            var count = options.Nodes ?? Math.Max(1, await CountNodesAsync(_postgres, ct));
            for (var index = 0; index < count; index++)
            {
                var database = "insta_" + NodeName(index);
                await _postgres.CreateDatabaseAsync(database, ct);
                nodes.Add((NodeName(index), _postgres.Url(database)));
            }
            Nodes = nodes;
        });
        AddRow("postgres", $"{_postgres!.Host}:{_postgres.Port}", "running", display);
    }

    private static async Task<int> CountNodesAsync(EmbeddedPostgres postgres, CancellationToken ct)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString());
        await using var command = source.CreateCommand("SELECT count(*)::int FROM pg_database WHERE datname ~ '^insta_n[0-9]+$'");
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task StartMemcachedAsync(UpOptions options, PhaseDisplay display, CancellationToken ct)
    {
        if (options.Memcached.Count > 0)
        {
            await display.RunAsync("memcached", () => GivenServers.CheckMemcachedAsync(options.Memcached, ct));
            Memcached = options.Memcached;
            foreach (var server in Memcached) AddRow("memcached", server, "given", display);
            return;
        }
        _memcached = await display.RunAsync("memcached", () => EmbeddedMemcached.StartAsync(options.Data.Memcached(display.Report), ct));
        Memcached = [_memcached.Address];
        AddRow("memcached", _memcached.Address, "running", display);
    }

    private async Task StartBrokerAsync(UpOptions options, PhaseDisplay display, CancellationToken ct)
    {
        if (options.Kafka is { } given)
        {
            await display.RunAsync("kafka", () => GivenServers.CheckKafkaAsync(given, ct));
            Kafka = given;
            AddRow("kafka", given, "given", display);
            return;
        }
        _broker = await display.RunAsync("broker", () => Task.Run(EmbeddedBroker.Start, ct));
        Kafka = _broker.BootstrapServers;
        AddRow("kafka", Kafka, "embedded", display);
    }

    private void AddRow(string part, string address, string state, PhaseDisplay display)
    {
        lock (Rows) Rows.Add([part, address, state, PhaseDisplay.Seconds(display.Elapsed)]);
    }

    private async Task<string> WatchAsync()
    {
        var never = new TaskCompletionSource<int>().Task;
        var postgres = _postgres?.Exited ?? never;
        var memcached = _memcached?.Exited ?? never;
        var ended = await Task.WhenAny(postgres, memcached);
        return ended == postgres ? $"PostgreSQL has ended by itself; its log is {_postgres!.LogFile}" : "memcached has ended by itself";
    }
}
