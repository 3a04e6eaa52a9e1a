using System.Diagnostics.Metrics;

namespace InstaGrpc.Services.Media;

/// <summary>The meter <c>InstaGrpc.Media</c>.</summary>
internal sealed class MediaMetrics : IDisposable
{
    public const string MeterName = "InstaGrpc.Media";

    private readonly Meter _meter;
    private int _viralPosts;

    public MediaMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _meter.CreateObservableGauge(
            "insta.media.viral", () => Volatile.Read(ref _viralPosts), "{post}", "Posts whose answers this process keeps longer.");
    }

    public int ViralPosts
    {
        set => Volatile.Write(ref _viralPosts, value);
    }

    public void Dispose() => _meter.Dispose();
}
