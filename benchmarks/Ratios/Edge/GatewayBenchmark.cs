using System.Globalization;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Ratios.Hit;

namespace InstaGrpc.Ratios.Edge;

/// <summary>One method of one server by gRPC-Web over HTTP/1.1, as a browser calls it, and by native gRPC.</summary>
internal sealed class GatewayBenchmark : IBenchmark
{
    private const double Goal = 0.7;
    private const string Next = "insta.id.v1.IdService/Next";
    private const string Caller = "service:bench";

    public string About => "a unary call as gRPC-Web over HTTP/1.1 against the same call as native gRPC, of one server, called by h2load";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        if (!Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("server and generator are not pinned to cores of their own (one core, or no taskset)");
        }

        var (process, grpc, web) = await EdgeServer.StartAsync().ConfigureAwait(false);
        await using var _ = process.ConfigureAwait(false);
        using var http = new HttpClient();
        using var browser = new H2Load("/" + Next, new NextRequest { Shard = 42 }, Caller, asWeb: true);
        using var native = new H2Load("/" + Next, new NextRequest { Shard = 42 }, Caller);
        var subject = new ServerUnderTest(browser, web, process.Id, AnsweredAsync);
        var baseline = new ServerUnderTest(native, grpc, process.Id, AnsweredAsync);

        await new PairedRounds(report).RunAsync(
            report, "grpc-web unary", "calls/s", Goal,
            time => subject.RunAsync(time, report, cancellation),
            time => baseline.RunAsync(time, report, cancellation)).ConfigureAwait(false);
        report.AddFigure("grpc-web, processor µs a call", subject.ProcessorMicroseconds);
        report.AddFigure("native gRPC, processor µs a call", baseline.ProcessorMicroseconds);

        async Task<long> AnsweredAsync() => long.Parse(
            await http.GetStringAsync(new Uri(web, "/answered"), cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }
}
