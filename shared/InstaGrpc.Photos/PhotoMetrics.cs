using System.Diagnostics.Metrics;

namespace InstaGrpc.Photos;

/// <summary>The meter <c>InstaGrpc.Photos</c>.</summary>
public sealed class PhotoMetrics : IDisposable
{
    /// <summary>Its name.</summary>
    public const string MeterName = "InstaGrpc.Photos";

    private readonly Meter _meter;
    private readonly Counter<long> _served;
    private readonly Counter<long> _made;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _reads;
    private readonly Counter<long> _uploads;
    private int _waiting;

    /// <summary>Makes the instruments.</summary>
    public PhotoMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _served = _meter.CreateCounter<long>("insta.photos.served", "{answer}", "Answers under /media, by status.");
        _made = _meter.CreateCounter<long>("insta.photos.variants.made", "{variant}", "Variants that were rendered because none was stored.");
        _lost = _meter.CreateCounter<long>("insta.photos.decoders.lost", "{process}", "Decoder processes that crashed or took too long.");
        _reads = _meter.CreateCounter<long>("insta.photos.store.operations", "{operation}", "Operations of the blob store, by kind.");
        _meter.CreateObservableGauge(
            "insta.photos.waiting", () => Volatile.Read(ref _waiting), "{photo}", "Photos that wait for a decoder or are being decoded.");
        _uploads = _meter.CreateCounter<long>("insta.photos.uploads", "{upload}", "Uploads, by outcome: stored, known, refused, interrupted.");
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    internal void Waits() => Interlocked.Increment(ref _waiting);

    internal void WaitsNoMore() => Interlocked.Decrement(ref _waiting);

    internal void Served(int status) => _served.Add(1, new KeyValuePair<string, object?>("status", status));

    internal void VariantMade(string variant) => _made.Add(1, new KeyValuePair<string, object?>("variant", variant));

    internal void DecoderLost() => _lost.Add(1);

    internal void StoreOperation(string kind) => _reads.Add(1, new KeyValuePair<string, object?>("operation", kind));

    /// <summary>Counts an upload: stored, known, refused or interrupted.</summary>
    public void Upload(string outcome) => _uploads.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
