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
    private const double FromTheirLevel = 0.99;
    private const int FirstRequests = 20_000;
    private const int Attempts = 5;

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

        var baseline = Measure(plainGrpc, async () => long.Parse(await http.GetStringAsync(new Uri(plainWeb, "/answered"), cancellation)
            .ConfigureAwait(false), System.Globalization.CultureInfo.InvariantCulture), null);
        var rounds = new PairedRounds(report);
        await rounds.RunAsync(report, "memcached hit", "requests/s", MemcachedGoal, Subject(memcached, "memcached"), baseline).ConfigureAwait(false);
        await rounds.RunAsync(report, "L1 hit", "requests/s", CopyGoal, Subject(copies, "l1"), baseline).ConfigureAwait(false);

        Func<TimeSpan, Task<double>> Subject(ServingProcess server, string level) => Measure(
            server.Grpc,
            () => server.CountAsync("insta_rpc_duration_seconds_count", ("method", Method), ("code", "OK")),
            () => server.CountAsync("insta_cache_reads_total", ("method", Method), ("level", level)));

        Func<TimeSpan, Task<double>> Measure(Uri server, Func<Task<long>> answered, Func<Task<long>>? fromLevel)
        {
            // A fixed number of requests, so that nothing is under way at the end and both sides must count alike.
            var rate = (double)FirstRequests / 3;
            return async time =>
            {
                for (var attempt = 1; ; attempt++)
                {
                    var before = (Answered: await answered().ConfigureAwait(false), Level: fromLevel is null ? 0 : await fromLevel().ConfigureAwait(false));
                    var (perSecond, counted) = await load.RunAsync(server, (int)(rate * time.TotalSeconds), cancellation).ConfigureAwait(false);
                    rate = perSecond;
                    var good = await answered().ConfigureAwait(false) - before.Answered;
                    var level = fromLevel is null ? good : await fromLevel().ConfigureAwait(false) - before.Level;
                    if (good == counted && level >= counted * FromTheirLevel)
                    {
                        return perSecond;
                    }

                    var why = $"h2load counted {counted:N0} answers, the server {good:N0} OK, {level:N0} of them from the level that is measured";
                    if (attempt == Attempts)
                    {
                        throw new InvalidOperationException($"{server}: {why}");
                    }

                    report.Say($"  measured again: {why}");
                }
            };
        }
    }

    private static async Task<Media> PostAsync(ServingProcess server, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var user = (await new GraphService.GraphServiceClient(channel)
            .CreateUserAsync(new CreateUserRequest { Name = "bench", DisplayName = "Bench", RequestId = "user" }, As(Caller))).User;
        return (await new MediaService.MediaServiceClient(channel)
            .CreateMediaAsync(new CreateMediaRequest { Caption = new string('c', 100), RequestId = "post" }, As($"user:{user.Id}"))).Media;

        CallOptions As(string caller) =>
            new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow.AddSeconds(30), cancellation);
    }
}
