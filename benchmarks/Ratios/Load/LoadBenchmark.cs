using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Ratios.Hit;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Ratios.Load;

/// <summary>The load runner itself: how fast it is, and how punctual.</summary>
internal sealed class LoadBenchmark : IBenchmark
{
    /// <summary>ghz's own default, on one connection.</summary>
    private const int Callers = 50;

    private const double Goal = 2;
    private const int H2LoadRequests = 40_000;
    private const double BusyCore = 0.7;
    private const int PunctualRuns = 4;

    private static readonly TimeSpan _punctualTime = TimeSpan.FromSeconds(5);

    public string About => "the load runner's calls of a plain unary method against ghz's, and how late it begins them";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        var ghz = Path.Combine(
            Checkout.FindTool("grpcurl") ?? throw new InvalidOperationException("ghz is not there: unpack grpcurl of the tools and set INSTA_TOOLS"), "bin", "ghz");
        var protos = Path.Combine(Checkout.Root, "protos");
        var request = new GetMediaRequest { MediaId = 1 };
        var (process, server, _) = await PlainServer.StartAsync(
            new GetMediaResponse { Media = new Media { Id = 1, OwnerId = 2, Caption = "A caption of usual length, and a little more" } },
            new GetMediaCountsResponse()).ConfigureAwait(false);
        await using var stop = process;

        var rounds = new PairedRounds(report);
        var fastest = 0.0;
        await rounds.RunAsync(
            report, "unary calls", "calls/s", Goal,
            async time =>
            {
                var own = await RunnerProcess.OwnAsync(server, "copies", Callers, time, cancellation).ConfigureAwait(false);
                fastest = Math.Max(fastest, own.PerSecond);
                return own.PerSecond;
            },
            time => RunnerProcess.GhzAsync(ghz, protos, server, Callers, time, cancellation)).ConfigureAwait(false);
        using (var h2load = new H2Load("/insta.media.v1.MediaService/GetMedia", request, "admin"))
        {
            report.AddFigure("h2load, calls/s", (await h2load.RunAsync(server, H2LoadRequests, cancellation).ConfigureAwait(false)).PerSecond);
        }

        await PunctualAsync(report, server, fastest / 2, cancellation).ConfigureAwait(false);
    }

    /// <summary>At half of what it can do, or less where that is more than 70 % of its core: how many iterations begin late.</summary>
    private static async Task PunctualAsync(BenchmarkReport report, Uri server, double rate, CancellationToken cancellation)
    {
        var late = new List<double>();
        for (var run = 0; run < PunctualRuns;)
        {
            var own = await RunnerProcess.OwnAsync(server, "rate", rate, _punctualTime, cancellation).ConfigureAwait(false);
            report.Say(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"  {rate:N0}/s: {own.Late} late by more than 5 ms, the latest {own.LatestMs:0.00} ms, {own.Cores:0.00} of its core"));
            if (own.Cores >= BusyCore)
            {
                rate *= 0.8;
                continue;
            }

            late.Add(own.Late);
            run++;
        }

        report.AddFigure("punctual at, calls/s", rate);
        report.AddRatio(Punctuality.Of(late, rate * _punctualTime.TotalSeconds));
    }
}
