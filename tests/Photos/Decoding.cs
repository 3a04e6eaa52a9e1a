using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Photos.Tests;

/// <summary>The real decoder: child processes of the executable beside the tests.</summary>
public sealed class Decoding : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private long _lost;

    public Decoding() : this(new PhotoOptions())
    {
    }

    internal Decoding(PhotoOptions options)
    {
        Options = options;
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Other tests count beside this one.
            if (instrument.Meter.Scope == meters && instrument.Name == "insta.photos.decoders.lost")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, lost, _, _) => Interlocked.Add(ref _lost, lost));
        _listener.Start();
        Metrics = new PhotoMetrics(meters);
        Decoder = new PhotoDecoder(options, Metrics, NullLogger<PhotoDecoder>.Instance);
    }

    public PhotoOptions Options { get; }

    public PhotoMetrics Metrics { get; }

    public PhotoDecoder Decoder { get; }

    /// <summary>Decoders that were lost, as the meter counts them.</summary>
    public long Lost => Volatile.Read(ref _lost);

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
        _listener.Dispose();
        _services.Dispose();
    }
}
