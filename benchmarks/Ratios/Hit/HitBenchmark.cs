using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Ratios.Hit;

/// <summary>Cached reads of a running mesh, GetMedia answered by memcached and GetMediaCounts by the copy in the process, against plain
/// handlers that give the same answers, all called by h2load.</summary>
internal sealed class HitBenchmark : IBenchmark
{
    private const string Media = "insta.media.v1.MediaService/GetMedia";
    private const string Counts = "insta.media.v1.MediaService/GetMediaCounts"; // GetMedia may never be stale: it has no copies
    private const string Caller = "admin";
    private const double MemcachedGoal = 0.55;
    private const double CopyGoal = 0.85;
    private const int SetUpAttempts = 10;

    public string About => "a cached read over gRPC against a plain Grpc.AspNetCore.Server handler with the same answer, called by h2load";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation).ConfigureAwait(false);
        if (!Machine.MoveToOtherCore(mesh.MemcachedProcess.ProcessId) | !Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("servers and generator are not pinned to cores of their own (one core, or no taskset)");
        }

        // One process plays every role, another is measured.
        var others = await mesh.ServeAsync("all", onServerCore: false).ConfigureAwait(false);
        var server = await mesh.ServeAsync("media", onServerCore: true, others).ConfigureAwait(false);
        var media = new GetMediaResponse { Media = await PostAsync(others, cancellation).ConfigureAwait(false) };
        var counts = new GetMediaCountsResponse { Counts = new MediaCounts { MediaId = media.Media.Id } };
        var (plain, plainGrpc, plainWeb) = await PlainServer.StartAsync(media, counts).ConfigureAwait(false);
        await using var _ = plain.ConfigureAwait(false);
        using var http = new HttpClient();

        await CompareAsync("memcached hit", MemcachedGoal, Media, new GetMediaRequest { MediaId = media.Media.Id }, media, "memcached")
            .ConfigureAwait(false);
        await CompareAsync("L1 hit", CopyGoal, Counts, new GetMediaCountsRequest { MediaId = media.Media.Id }, counts, "l1")
            .ConfigureAwait(false);

        async Task<long> AnsweredPlainlyAsync() => long.Parse(
            await http.GetStringAsync(new Uri(plainWeb, "/answered"), cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);

        async Task CompareAsync(string name, double goal, string method, IMessage request, IMessage answer, string level)
        {
            using var load = new H2Load("/" + method, request, Caller);
            var subject = new ServerUnderTest(
                load,
                server.Grpc,
                server.Id,
                () => server.CountAsync("insta_rpc_duration_seconds_count", ("method", method), ("code", "OK")),
                () => server.CountAsync("insta_cache_reads_total", ("method", method), ("level", level)));
            var baseline = new ServerUnderTest(load, plainGrpc, plain.Id, AnsweredPlainlyAsync);
            await new PairedRounds(report).RunAsync(
                report,
                name,
                "requests/s",
                goal,
                time => subject.RunAsync(time, report, cancellation),
                time => baseline.RunAsync(time, report, cancellation)).ConfigureAwait(false);
            report.AddFigure($"{name}: bytes of the answer", answer.CalculateSize());
            report.AddFigure($"{name}: subject, processor µs a request", subject.ProcessorMicroseconds);
            report.AddFigure($"{name}: baseline, processor µs a request", baseline.ProcessorMicroseconds);
        }
    }

    private static async Task<Media> PostAsync(ServingProcess server, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var graph = new GraphService.GraphServiceClient(channel);
        var posts = new MediaService.MediaServiceClient(channel);
        var user = (await AskAsync(() => graph.CreateUserAsync(
            new CreateUserRequest { Name = "bench", DisplayName = "Bench", RequestId = "user" }, As(Caller)))).User;
        return (await AskAsync(() => posts.CreateMediaAsync(
            new CreateMediaRequest { Caption = new string('c', 100), RequestId = "post" }, As($"user:{user.Id}")))).Media;

        // A process that has just started, on a machine with much to do, may need longer than the contract's deadline.
        static async Task<T> AskAsync<T>(Func<AsyncUnaryCall<T>> call)
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await call();
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded && attempt < SetUpAttempts)
                {
                }
            }
        }

        CallOptions As(string caller) =>
            new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow.AddSeconds(30), cancellation);
    }
}
