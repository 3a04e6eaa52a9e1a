using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Photos.Tests;

/// <summary>The real decoder: child processes of the executable beside the tests.</summary>
public sealed class Decoding : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public Decoding() : this(new PhotoOptions())
    {
    }

    internal Decoding(PhotoOptions options)
    {
        Options = options;
        Metrics = new PhotoMetrics(_services.GetRequiredService<IMeterFactory>());
        Decoder = new PhotoDecoder(options, Metrics, NullLogger<PhotoDecoder>.Instance);
    }

    public PhotoOptions Options { get; }

    public PhotoMetrics Metrics { get; }

    public PhotoDecoder Decoder { get; }

    public Task<PhotoFacts> InspectAsync(byte[] photo) =>
        Decoder.InspectAsync(() => new MemoryStream(photo), photo.Length, CancellationToken.None).AsTask();

    public Task<RenderedPhoto> RenderAsync(byte[] photo, RenderRequest request) =>
        Decoder.RenderAsync(request, () => new MemoryStream(photo), photo.Length, CancellationToken.None).AsTask();

    public Task<RenderedPhoto> PixelsAsync(byte[] photo, int width = 16_000) =>
        Decoder.PixelsAsync(new RenderRequest(width, false, PhotoFormat.Png, 100), () => new MemoryStream(photo), photo.Length, CancellationToken.None)
            .AsTask();

    /// <summary>A generated picture in a format.</summary>
    public async Task<byte[]> PhotoAsync(int number, int width, int height, PhotoFormat format = PhotoFormat.Jpeg, int quality = 90)
    {
        var png = GeneratedPicture.Png(number, width, height);
        return format == PhotoFormat.Png ? png : (await RenderAsync(png, new RenderRequest(Math.Max(width, height), false, format, quality))).Bytes;
    }

    public void Dispose()
    {
        Decoder.Dispose();
        Metrics.Dispose();
        _services.Dispose();
    }
}
