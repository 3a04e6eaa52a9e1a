using System.Globalization;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Ratios.Hit;

namespace InstaGrpc.Ratios.Edge;

/// <summary>One method of one server by gRPC-Web and by native gRPC, on connections of the same shape: over HTTP/1.1, as browsers call without TLS,
/// every caller needs one of his own.</summary>
internal sealed class GatewayBenchmark : IBenchmark
{
    private const double Goal = 0.7;
    private const string Next = "insta.id.v1.IdService/Next";
    private const string Caller = "service:bench";

    public string About => "a unary call as gRPC-Web against the same call as native gRPC, of one server, called by h2load";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        if (!Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("server and generator are not pinned to cores of their own (one core, or no taskset)");
        }

        var (process, grpc, web) = await EdgeServer.StartAsync().ConfigureAwait(false);
        await using var _ = process.ConfigureAwait(false);
        using var http = new HttpClient();
        await CompareAsync("grpc-web over HTTP/1.1, a connection for each caller", web, ownConnections: true).ConfigureAwait(false);
        await CompareAsync("grpc-web over HTTP/2, 16 callers on a connection", grpc, ownConnections: false).ConfigureAwait(false);

        async Task CompareAsync(string name, Uri address, bool ownConnections)
        {
            using var browser = new H2Load("/" + Next, new NextRequest { Shard = 42 }, Caller, asWeb: true, ownConnections);
            using var native = new H2Load("/" + Next, new NextRequest { Shard = 42 }, Caller, asWeb: false, ownConnections);
            var subject = new ServerUnderTest(browser, address, process.Id, AnsweredAsync);
            var baseline = new ServerUnderTest(native, grpc, process.Id, AnsweredAsync);
            await new PairedRounds(report).RunAsync(
                report, name, "calls/s", Goal,
                time => subject.RunAsync(time, report, cancellation),
                time => baseline.RunAsync(time, report, cancellation)).ConfigureAwait(false);
            report.AddFigure($"{name}: processor µs a call", subject.ProcessorMicroseconds);
            report.AddFigure($"{name}: native gRPC, processor µs a call", baseline.ProcessorMicroseconds);
        }

        async Task<long> AnsweredAsync() => long.Parse(
            await http.GetStringAsync(new Uri(web, "/answered"), cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }
}
