using System.Diagnostics.Metrics;

namespace InstaGrpc.Services.Feed;

/// <summary>The meter <c>InstaGrpc.Feed</c>.</summary>
internal sealed class FeedMetrics : IDisposable
{
    public const string MeterName = "InstaGrpc.Feed";

    private readonly Meter _meter;
    private readonly Counter<long> _reads;
    private readonly Counter<long> _builds;

    public FeedMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _reads = _meter.CreateCounter<long>("insta.feed.reads", "{page}", "Pages of home feeds by whether there was a timeline.");
        _builds = _meter.CreateCounter<long>("insta.feed.builds", "{build}", "Timelines built, by whether the building stood.");
    }

    public void Dispose() => _meter.Dispose();

    public void Read(bool hasTimeline) => _reads.Add(1, new KeyValuePair<string, object?>("source", hasTimeline ? "timeline" : "pull"));

    public void Built(bool stood) => _builds.Add(1, new KeyValuePair<string, object?>("outcome", stood ? "ready" : "overtaken"));
}
