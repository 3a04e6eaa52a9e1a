using System.Globalization;
using System.Text.Json;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>Debezium from the unpacked tools: its own PostgreSQL cluster, so that neither stream decodes the other's writes, and the same
/// Kafka. Its latency ends at a consumer of the topic that has the event in hand.</summary>
internal sealed class Debezium : IAsyncDisposable
{
    private const int Rows = 10_000;

    // Its JIT compiler needs about as long.
    private const int WarmUpSeconds = 5;

    // Lowest latency, highest rate, and between them (the tool's README).
    private static readonly string[][] _settings =
        [["--batch", "1"], ["--batch", "2048"], ["--batch", "2048", "--set", "poll.interval.ms=5"]];

    private readonly string _tool;
    private readonly TestFolder _folder;
    private readonly EmbeddedPostgres _postgres;
    private readonly NpgsqlDataSource _database;
    private readonly PacedWriter _writer;
    private readonly string _kafka;
    private string[] _best = _settings[0];
    private int _runs;

    private Debezium(string tool, TestFolder folder, EmbeddedPostgres postgres, string kafka)
    {
        (_tool, _folder, _postgres, _kafka) = (tool, folder, postgres, kafka);
        _database = NpgsqlDataSource.Create(postgres.ConnectionString());
        _writer = new PacedWriter(
            _database, "UPDATE bench SET sent_us = $1 WHERE id = ANY ($2)", [.. Enumerable.Range(1, Rows).Select(id => (long)id)]);
    }

    /// <summary>Its settings in use.</summary>
    public string Settings => string.Join(' ', _best);

    /// <returns>Null: the tool is not there.</returns>
    public static async Task<Debezium?> StartAsync(string kafka, CancellationToken cancellation)
    {
        if (Checkout.FindTool("debezium") is not { } tool)
        {
            return null;
        }

        var folder = TestFolder.Create();
        var postgres = await EmbeddedPostgres.StartAsync(
            BenchMesh.PostgresOptions(Path.Combine(folder.Path, "postgres")), cancellation).ConfigureAwait(false);
        var peer = new Debezium(tool, folder, postgres, kafka);
        await using var make = peer._database.CreateCommand(
            $"""
            CREATE TABLE bench (id bigint PRIMARY KEY, sent_us bigint NOT NULL, payload text NOT NULL);
            INSERT INTO bench SELECT i, 0, repeat('x', 100) FROM generate_series(1, {Rows}) i
            """);
        await make.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return peer;
    }

    /// <summary>Tries its settings, and keeps the one with the lowest p99.</summary>
    public async Task ChooseAsync(BenchmarkReport report, int rowsPerSecond, TimeSpan time, CancellationToken cancellation)
    {
        var lowest = double.PositiveInfinity;
        foreach (var settings in _settings)
        {
            var (p50, p99, _) = await RunAsync(settings, rowsPerSecond, 1, time, cancellation).ConfigureAwait(false);
            report.Say(string.Create(
                CultureInfo.InvariantCulture, $"  Debezium {string.Join(' ', settings)}: p50 {p50:0.0} ms, p99 {p99:0.0} ms"));
            if (p99 < lowest)
            {
                (lowest, _best) = (p99, settings);
            }
        }
    }

    /// <returns>Milliseconds from before the statement to the consumer, and events a second that it got.</returns>
    public Task<(double P50, double P99, double PerSecond)> RunAsync(
        int rowsPerSecond, int rowsOfATransaction, TimeSpan time, CancellationToken cancellation) =>
        RunAsync(_best, rowsPerSecond, rowsOfATransaction, time, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync().ConfigureAwait(false);
        await _postgres.CrashAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private async Task<(double P50, double P99, double PerSecond)> RunAsync(
        string[] settings, int rowsPerSecond, int rowsOfATransaction, TimeSpan time, CancellationToken cancellation)
    {
        var events = (int)(rowsPerSecond * time.TotalSeconds);
        string[] bench =
        [
            Path.Combine(_tool, "bin", "cdc-bench"), "--port", Text(_postgres.Port), "--kafka", _kafka, $"cdc-{++_runs}",
            "--warmup", Text(rowsPerSecond * WarmUpSeconds), "--events", Text(events), .. settings,
        ];
        await using var process = InstaProcess.StartProgram(bench[0], null, bench[1..]);
        await process.LineAsync("ready").ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        // Somewhat longer than its events: it ends by itself.
        var writing = _writer.RunAsync(rowsPerSecond, rowsOfATransaction, TimeSpan.FromSeconds(WarmUpSeconds + 2) + time, stop.Token);
        var code = await process.ExitAsync().ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await writing.ConfigureAwait(false);

        // Its code says nothing: while it shuts down, with all events measured, its threads may fail each other.
        if (process.Output.LastOrDefault(line => line.StartsWith('{')) is not { } line)
        {
            throw new InvalidOperationException($"cdc-bench ended with code {code}:\n{string.Join('\n', process.Output)}");
        }

        using var result = JsonDocument.Parse(line);
        return Number("events") < events
            ? throw new InvalidOperationException($"cdc-bench measured fewer than {events:N0} events: {line}")
            : (Number("p50_ms"), Number("p99_ms"), Number("events_per_s"));

        double Number(string name) => result.RootElement.GetProperty(name).GetDouble();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
