using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Ratios.Hit;

/// <summary>GetMedia of a running mesh, answered by memcached or by the copy in the process, against a plain handler that gives the same
/// answer, both called by h2load.</summary>
internal sealed class HitBenchmark : IBenchmark
{
    private const string Method = "insta.media.v1.MediaService/GetMedia";
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

        // One process plays every role, and two more are measured: media without copies in the process, and media as it comes.
        var others = await mesh.ServeAsync("all", onServerCore: false).ConfigureAwait(false);
        var memcached = await mesh.ServeAsync("media", onServerCore: true, others, ("INSTA__CACHE__L1BYTES", "0")).ConfigureAwait(false);
        var copies = await mesh.ServeAsync("media", onServerCore: true, others).ConfigureAwait(false);
        var media = await PostAsync(others, cancellation).ConfigureAwait(false);
        var (plain, plainGrpc, plainWeb) = await PlainServer.StartAsync(new GetMediaResponse { Media = media }).ConfigureAwait(false);
        await using var _ = plain.ConfigureAwait(false);
        using var load = new H2Load("/" + Method, new GetMediaRequest { MediaId = media.Id }, Caller);
        using var http = new HttpClient();
        report.AddFigure("bytes of the answer", new GetMediaResponse { Media = media }.CalculateSize());

        await CompareAsync("memcached hit", MemcachedGoal, memcached, "memcached").ConfigureAwait(false);
        await CompareAsync("L1 hit", CopyGoal, copies, "l1").ConfigureAwait(false);

        async Task<long> AnsweredPlainlyAsync() => long.Parse(
            await http.GetStringAsync(new Uri(plainWeb, "/answered"), cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);

        async Task CompareAsync(string name, double goal, ServingProcess server, string level)
        {
            var subject = new ServerUnderTest(
                load,
                server.Grpc,
                server.Id,
                () => server.CountAsync("insta_rpc_duration_seconds_count", ("method", Method), ("code", "OK")),
                () => server.CountAsync("insta_cache_reads_total", ("method", Method), ("level", level)));
            var baseline = new ServerUnderTest(load, plainGrpc, plain.Id, AnsweredPlainlyAsync);
            await new PairedRounds(report).RunAsync(
                report,
                name,
                "requests/s",
                goal,
                time => subject.RunAsync(time, report, cancellation),
                time => baseline.RunAsync(time, report, cancellation)).ConfigureAwait(false);
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
