using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>How long after its statement began a change in PostgreSQL is marked in memcached.</summary>
internal sealed class FreshnessBenchmark : IBenchmark
{
    private const int Rows = 10_000;
    private const int ManyPerTransaction = 10;
    private const int Pairs = 7;
    private const int Unloaded = 20;
    private const int Some = 1_000;
    private const int Many = 10_000;
    private const double AgainstDebezium = 0.5;
    private const double MostAtMany = 50;

    // With less than half more at the end than at the beginning nothing piles up: a stream that cannot keep up is seconds behind by then.
    private const double MostGrowth = 1.5;

    // The first seconds compile.
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    private static readonly NodeName _node = new(BenchMesh.Node);

    public string About => "PostgreSQL commit -> marked in memcached, from the statement's start; beside it the commit, and Debezium";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await RunAsync(report, "embedded broker", apacheKafka: false, cancellation).ConfigureAwait(false);
        if (ApacheKafka.Find() is null)
        {
            report.Say("Apache Kafka and Debezium are not measured: INSTA_TOOLS names no folder with them");
            return;
        }

        await RunAsync(report, "Apache Kafka", apacheKafka: true, cancellation).ConfigureAwait(false);
    }

    private static async Task RunAsync(BenchmarkReport report, string broker, bool apacheKafka, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka, cancellation).ConfigureAwait(false);
        await mesh.ServeAsync("id,shardmap,changes,media,invalidator", onServerCore: null).ConfigureAwait(false);
        var database = mesh.Nodes.Primary(_node);
        var ids = await PostsAsync(database, cancellation).ConfigureAwait(false);
        var writer = new PacedWriter(database, "UPDATE media SET caption = $1::text WHERE id = ANY ($2)", ids);
        var length = TimeSpan.FromSeconds(report.Seconds ?? 10);

        await MeasureAsync(Some, 1, _warmUp).ConfigureAwait(false);
        await MeasureAsync(Many, ManyPerTransaction, _warmUp).ConfigureAwait(false);
        await AddAsync($"{broker}, unloaded", Unloaded, 1).ConfigureAwait(false);
        await AddAsync($"{broker}, {Some:N0}/s", Some, 1).ConfigureAwait(false);
        var many = await AddAsync($"{broker}, {Many:N0}/s", Many, ManyPerTransaction).ConfigureAwait(false);
        report.AddRatio(new Ratio($"{broker}, {Many:N0}/s: p99, ms", many.P99, [many.P99, many.P99], MostAtMany, AtMost: true));
        report.AddRatio(new Ratio(
            $"{broker}, {Many:N0}/s: the last quarter's median against the first's",
            many.Growth,
            [many.Growth, many.Growth],
            MostGrowth,
            AtMost: true));
        if (apacheKafka)
        {
            await CompareAsync().ConfigureAwait(false);
        }

        async Task<Latencies> AddAsync(string name, int rowsPerSecond, int rowsOfATransaction)
        {
            var (marked, commits, written) = await MeasureAsync(rowsPerSecond, rowsOfATransaction, length).ConfigureAwait(false);
            report.AddFigure($"{name}: written, rows/s", written);
            report.AddFigure($"{name}: commit, p50 ms", commits.P50);
            report.AddFigure($"{name}: commit, p99 ms", commits.P99);
            report.AddFigure($"{name}: marked, p50 ms", marked.P50);
            report.AddFigure($"{name}: marked, p99 ms", marked.P99);
            return marked;
        }

        async Task<(Latencies Marked, Latencies Commits, double RowsPerSecond)> MeasureAsync(
            int rowsPerSecond, int rowsOfATransaction, TimeSpan time)
        {
            await using var log = new WatermarkLog(mesh.Memcached.Servers[0], BenchMesh.Prefix, _node);
            var (commits, written) = await writer.RunAsync(rowsPerSecond, rowsOfATransaction, time, cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            using var limit = new CancellationTokenSource(_limit);
            while (log.ReachedAt(commits[^1].Position) is null)
            {
                await Task.Delay(10, limit.Token).ConfigureAwait(false);
            }

            return (
                Latencies.Between(commits.Select(commit => (commit.Started, log.ReachedAt(commit.Position)!.Value))),
                Latencies.Between(commits.Select(commit => (commit.Started, commit.Done))),
                written);
        }

        async Task CompareAsync()
        {
            var peer = await Debezium.StartAsync(mesh.Kafka, cancellation).ConfigureAwait(false);
            if (peer is null)
            {
                report.Say("Debezium is not measured: INSTA_TOOLS names no folder with it");
                return;
            }

            await using var _ = peer.ConfigureAwait(false);
            await peer.ChooseAsync(report, Some, length, cancellation).ConfigureAwait(false);
            report.Say($"Debezium's settings: {peer.Settings}");
            var rounds = new PairedRounds(report)
            {
                Rounds = report.Rounds ?? Pairs, Length = length, WarmUp = TimeSpan.FromSeconds(1), AtMost = true,
            };
            await rounds.RunAsync(
                report,
                $"p99 at {Some:N0}/s against Debezium's",
                "ms",
                AgainstDebezium,
                async time => (await MeasureAsync(Some, 1, time).ConfigureAwait(false)).Marked.P99,
                async time => (await peer.RunAsync(Some, 1, time, cancellation).ConfigureAwait(false)).P99).ConfigureAwait(false);
            var (p50, p99, perSecond) = await peer.RunAsync(Many, ManyPerTransaction, length, cancellation).ConfigureAwait(false);
            report.AddFigure($"Debezium, {Many:N0}/s: p50 ms", p50);
            report.AddFigure($"Debezium, {Many:N0}/s: p99 ms", p99);
            report.AddFigure($"Debezium, {Many:N0}/s: events/s", perSecond);
        }
    }

    /// <summary>Posts to change, put where the services would put them but not through them: only their changes matter.</summary>
    private static async Task<long[]> PostsAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        var ids = Enumerable.Range(1, Rows).Select(number => (long)number << 23).ToArray();
        await using var command = database.CreateCommand(
            "INSERT INTO media (id, owner_id, caption) SELECT id, 1 << 23, 'new' FROM unnest($1) id");
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return ids;
    }
}
