using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Photos;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Ratios.Images;

/// <summary>Large variants made by the decoder's child processes, against sharp with the same libvips on the same photos.</summary>
internal sealed class ImagesBenchmark : IBenchmark
{
    private const int UsualPhotosOfRound = 50;
    private const int PhotosOfMemory = 2000;
    private const int Requests = 20_000;

    public string About => "large WebP and JPEG variants of 12 megapixel JPEGs against npm's sharp on the same libvips; memory over 2,000 photos; URLs of variants";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        var (sharp, libvips) = await SharpPeer.InstallAsync(Path.Combine(Checkout.StateFolder, "sharp"), cancellation).ConfigureAwait(false);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new PhotoMetrics(services.GetRequiredService<IMeterFactory>());
        var options = new PhotoOptions
        {
            DecoderProgram = Path.Combine(Checkout.Root, "services", "Host", "bin", "Release", "net10.0", "insta"), Libvips = libvips,
        };
        using var decoder = new PhotoDecoder(options, metrics, NullLogger<PhotoDecoder>.Instance);
        var folder = Path.Combine(Checkout.StateFolder, "bench-photos");
        var photos = await PhotoSet.MakeAsync(folder, decoder, report, cancellation).ConfigureAwait(false);
        await CompareAsync(report, options, metrics, sharp, folder, photos, cancellation).ConfigureAwait(false);
        await ServeAsync(report, photos[0], cancellation).ConfigureAwait(false);
    }

    private static async Task CompareAsync(
        BenchmarkReport report, PhotoOptions options, PhotoMetrics metrics, string sharp, string folder, IReadOnlyList<string> photos,
        CancellationToken cancellation)
    {
        // New children, which have generated nothing.
        using var decoder = new PhotoDecoder(options, metrics, NullLogger<PhotoDecoder>.Instance);
        await using var peer = await SharpPeer.StartAsync(sharp, folder, threads: 1).ConfigureAwait(false);
        var count = report.Size ?? UsualPhotosOfRound;
        var bytes = 0L;
        foreach (var format in (PhotoFormat[])[PhotoFormat.WebP, PhotoFormat.Jpeg])
        {
            var name = format == PhotoFormat.WebP ? "webp" : "jpeg";
            await new PairedRounds(report) { Rounds = report.Rounds ?? 8 }.RunAsync(
                report, $"large {name}", "photos/s", 1.0, _ => RenderAsync(format, count), _ => peer.RunAsync(name, count)).ConfigureAwait(false);
            report.AddFigure($"large {name}: bytes a photo", bytes / (double)count);
            report.AddFigure($"large {name}: bytes a photo, sharp", peer.Bytes / (double)count);
        }

        var before = Memory(decoder, "VmRSS");
        await RenderAsync(PhotoFormat.WebP, report.Size is null ? PhotosOfMemory : count).ConfigureAwait(false);
        var after = Memory(decoder, "VmRSS");
        report.AddFigure("memory of both children, peak, MB", Memory(decoder, "VmHWM") / 1e6);
        report.AddFigure("memory of sharp, peak, MB", peer.PeakMemory / 1e6);
        report.AddRatio(new Ratio("memory after 2,000 photos, of that before", after / before, [after / before, after / before], 1.1, AtMost: true));

        async Task<double> RenderAsync(PhotoFormat format, int many)
        {
            var request = new RenderRequest(1080, false, format, 80) { Budget = options.VariantBudget };
            var (next, total) = (-1, 0L);
            var watch = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, options.Decoders).Select(_ => Task.Run(
                async () =>
                {
                    for (int i; (i = Interlocked.Increment(ref next)) < many;)
                    {
                        var path = photos[i % photos.Count];
                        var made = await decoder.RenderAsync(request, () => File.OpenRead(path), (int)new FileInfo(path).Length, cancellation)
                            .ConfigureAwait(false);
                        Interlocked.Add(ref total, made.Bytes.Length);
                    }
                },
                cancellation))).ConfigureAwait(false);
            bytes = total;
            return many / watch.Elapsed.TotalSeconds;
        }
    }

    private static async Task ServeAsync(BenchmarkReport report, string photo, CancellationToken cancellation)
    {
        var folder = TestFolder.Create();
        using var _ = folder;
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation).ConfigureAwait(false);
        var server = await mesh.ServeAsync("all", onServerCore: true, null, ("INSTA__PHOTOS__FOLDER", folder.Path)).ConfigureAwait(false);
        var url = new Uri(server.Web, await PostAsync(server, photo, cancellation).ConfigureAwait(false));
        using var client = new HttpClient();
        using var first = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "Accept", "image/webp" } } };
        using var answer = await client.SendAsync(first, cancellation).ConfigureAwait(false);
        var tag = answer.EnsureSuccessStatusCode().Headers.ETag!.ToString();

        // Once to warm up.
        for (var round = 0; round < 2; round++)
        {
            var served = await WebLoad.RunAsync(url, Requests, "2xx", cancellation, "accept: image/webp").ConfigureAwait(false);
            var known = await WebLoad.RunAsync(url, Requests, "3xx", cancellation, "accept: image/webp", $"if-none-match: {tag}").ConfigureAwait(false);
            if (round == 1)
            {
                report.AddFigure($"URL of a kept thumb ({answer.Content.Headers.ContentLength} bytes), answers/s", served);
                report.AddFigure("its 304, answers/s", known);
            }
        }
    }

    private static async Task<string> PostAsync(ServingProcess server, string photo, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var media = new MediaService.MediaServiceClient(channel);
        var user = (await new GraphService.GraphServiceClient(channel).CreateUserAsync(
            new CreateUserRequest { Name = "bench", DisplayName = "Bench", RequestId = "user" }, As("admin"))).User;
        using var upload = media.Upload(As($"user:{user.Id}"));
        foreach (var part in (await File.ReadAllBytesAsync(photo, cancellation).ConfigureAwait(false)).Chunk(64 * 1024))
        {
            await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = UnsafeByteOperations.UnsafeWrap(part) }, cancellation).ConfigureAwait(false);
        }

        await upload.RequestStream.CompleteAsync().ConfigureAwait(false);
        var blob = (await upload).BlobId;
        var post = (await media.CreateMediaAsync(new CreateMediaRequest { BlobIds = { blob }, RequestId = "post" }, As($"user:{user.Id}"))).Media;
        return PhotoUrl.Of(post.Id, 0, blob, PhotoVariant.Thumb);

        CallOptions As(string caller) =>
            new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow.AddSeconds(60), cancellation);
    }

    /// <summary>Of all children, bytes.</summary>
    private static double Memory(PhotoDecoder decoder, string field) => decoder.ProcessIds.Sum(id =>
        1024.0 * int.Parse(
            File.ReadLines($"/proc/{id}/status").Single(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ')[^2], CultureInfo.InvariantCulture));
}
