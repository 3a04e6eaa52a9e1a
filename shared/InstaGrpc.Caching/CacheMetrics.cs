using System.Diagnostics.Metrics;
using InstaGrpc.Caching.Internal;

namespace InstaGrpc.Caching;

/// <summary>The cache's instruments. Reads count in plain fields, which are looked at when somebody collects.</summary>
public sealed class CacheMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "InstaGrpc.Caching";

    private readonly Meter _meter;

    /// <summary>Makes them.</summary>
    public CacheMetrics(CachedReads reads, IMeterFactory? meters = null)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        _meter.CreateObservableCounter("insta.cache.reads", () => Each(reads, Levels), "{read}", "Answers by method and level.");
        _meter.CreateObservableCounter("insta.cache.uncached", () => Each(reads, Reasons), "{read}", "Answers past the cache by method and reason.");
        Add("insta.cache.leases.won", static counters => counters.Won, "Leases won.");
        Add("insta.cache.leases.lost", static counters => counters.Lost, "Fills that came too late.");
        Add("insta.cache.fills", static counters => counters.Fills, "Fills that stand.");
        Add("insta.cache.fills.stale", static counters => counters.KeptStale, "Fills that came too late and were kept as stale values.");
        Add("insta.cache.fills.refused", static counters => counters.NotKeptAnswers, "Answers too large for an item, or not to be kept.");
        Add("insta.cache.waits", static counters => counters.Waits, "Callers who waited for another process's fill.");
        Add("insta.cache.joins", static counters => counters.Joins, "Callers who joined a flight of this process.");
        Add("insta.cache.refreshes", static counters => counters.EarlyRefreshes, "Entries refreshed before their end.");
        Add("insta.cache.runs", static counters => counters.Runs, "Handler runs of cached methods.");
        _meter.CreateObservableGauge(
            "insta.cache.admission.running", () => Nodes(reads, static admission => admission.Running), "{run}", "Handler runs that are on.");
        _meter.CreateObservableGauge(
            "insta.cache.admission.queued", () => Nodes(reads, static admission => admission.Queued), "{run}", "Handler runs that wait.");
        _meter.CreateObservableGauge("insta.cache.l1.bytes", () => reads.Runtime.Copies.Bytes, "By", "Copies in the process.");

        void Add(string name, Func<MethodCounters, long> value, string description) =>
            _meter.CreateObservableCounter(name, () => Each(reads, method => One(method, value(method.Counters))), "{event}", description);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Each(CachedReads reads, Func<CachedMethod, IEnumerable<Measurement<long>>> measure) =>
        reads.Methods.SelectMany(measure);

    private static IEnumerable<Measurement<long>> One(CachedMethod method, long value) =>
        [new(value, new KeyValuePair<string, object?>("method", method.Contract.FullName))];

    private static IEnumerable<Measurement<long>> Levels(CachedMethod method) =>
        from level in Enum.GetValues<CacheLevel>()
        let count = method.Counters.Of(level)
        where count > 0
        select new Measurement<long>(count, new("method", method.Contract.FullName), new("level", level.ToString().ToLowerInvariant()));

    private static IEnumerable<Measurement<long>> Reasons(CachedMethod method) =>
        from reason in Enum.GetValues<UncachedReason>()
        let count = method.Counters.Of(reason)
        where count > 0
        select new Measurement<long>(count, new("method", method.Contract.FullName), new("reason", reason.ToString()));

    private static IEnumerable<Measurement<int>> Nodes(CachedReads reads, Func<Admission, int> value) =>
        reads.Runtime.Nodes.Select(node => new Measurement<int>(value(node.Admission), new KeyValuePair<string, object?>("node", node.Name.Value)));
}
