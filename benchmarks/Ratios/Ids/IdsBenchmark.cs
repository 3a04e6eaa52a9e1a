using System.Globalization;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Ratios.Hit;
using InstaGrpc.Services.IdService;

namespace InstaGrpc.Ratios.Ids;

/// <summary>The generator on one thread with windows from PostgreSQL, every id checked; and the RPC for a single id, served by
/// <c>insta</c>, against an empty handler of Grpc.AspNetCore.Server as it comes.</summary>
internal sealed class IdsBenchmark : IBenchmark
{
    private const int Shards = 8;
    private const double MillionsGoal = 6;
    private const double RpcGoal = 0.8;
    private const string Next = "insta.id.v1.IdService/Next";

    public string About =>
        $"ids on one thread over {Shards} shards, each checked; the RPC for one id against an empty handler, called by h2load";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation).ConfigureAwait(false);
        await MakeAsync(report, mesh, cancellation).ConfigureAwait(false);
        await CallAsync(report, mesh, cancellation).ConfigureAwait(false);
    }

    private static async Task MakeAsync(BenchmarkReport report, BenchMesh mesh, CancellationToken cancellation)
    {
        var rounds = new PairedRounds(report);
        var windows = new RecordedWindows(new PostgresIdWindows(mesh.Nodes.Directory, new IdServiceOptions()), Shards);
        await using var generator = new IdGenerator(windows, TimeProvider.System);
        var run = new GeneratorRun(generator, windows, Shards, longest: rounds.WarmUp);

        await run.RunAsync(rounds.WarmUp, cancellation).ConfigureAwait(false);
        var millions = new List<double>();
        for (var round = 0; round < rounds.Rounds; round++)
        {
            millions.Add(await run.RunAsync(rounds.Length, cancellation).ConfigureAwait(false) / 1e6);
            report.Say(string.Create(
                CultureInfo.InvariantCulture, $"  ids, round {round + 1}: {millions[^1]:0.00} million/s, all unique and inside their windows"));
        }

        // Not against a baseline: the goal is a number, and the format sets the limit.
        var (value, low, high) = Median.Of(millions);
        report.AddFigure($"what {Shards} shards have in the long run, million ids/s", Shards * InstaId.Sequences / 1e3);
        report.AddRatio(new Ratio("million ids/s on one thread", value, [low, high], MillionsGoal));
    }

    private static async Task CallAsync(BenchmarkReport report, BenchMesh mesh, CancellationToken cancellation)
    {
        if (!Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("servers and generator are not pinned to cores of their own (one core, or no taskset)");
        }

        var ids = await mesh.ServeAsync("id", onServerCore: true).ConfigureAwait(false);
        var (plain, plainGrpc, plainWeb) = await PlainServer.StartAsync(new GetMediaResponse(), new GetMediaCountsResponse()).ConfigureAwait(false);
        await using var _ = plain.ConfigureAwait(false);
        using var http = new HttpClient();
        using var load = new H2Load("/" + Next, new NextRequest { Shard = 42 }, "service:bench");
        var subject = new ServerUnderTest(
            load, ids.Grpc, ids.Id, () => ids.CountAsync("insta_rpc_duration_seconds_count", ("method", Next), ("code", "OK")));
        var baseline = new ServerUnderTest(load, plainGrpc, plain.Id, async () => long.Parse(
            await http.GetStringAsync(new Uri(plainWeb, "/answered"), cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture));

        await new PairedRounds(report).RunAsync(
            report, "single-id RPC", "calls/s", RpcGoal,
            time => subject.RunAsync(time, report, cancellation),
            time => baseline.RunAsync(time, report, cancellation)).ConfigureAwait(false);
        report.AddFigure("single-id RPC: subject, processor µs a call", subject.ProcessorMicroseconds);
        report.AddFigure("single-id RPC: baseline, processor µs a call", baseline.ProcessorMicroseconds);
    }
}
