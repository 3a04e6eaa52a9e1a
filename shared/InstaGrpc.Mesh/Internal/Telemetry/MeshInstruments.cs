using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>What the mesh counts. docs/metrics.md lists every name and label; a test compares.</summary>
internal sealed class MeshInstruments
{
    public const string MeterName = "InstaGrpc.Mesh";
    public const string CallsName = "insta.rpc.duration";

    /// <summary>Of histograms of seconds.</summary>
    public static readonly double[] SecondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Histogram<double> _calls;
    private readonly Counter<long> _undeclared;
    private readonly Counter<long> _refreshes;
    private readonly Counter<long> _traces;

    public MeshInstruments(IMeterFactory factory)
    {
        // The factory owns the meter, and disposes it.
        var meter = factory.Create(MeterName);
        _calls = meter.CreateHistogram(CallsName, "s", "Time of calls that this process served.",
            advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = SecondsBounds,
        });
        _undeclared = meter.CreateCounter<long>("insta.cache.undeclared", "{run}",
            "Runs of cached handlers that read what their contract does not declare.");
        _refreshes = meter.CreateCounter<long>("insta.client.refreshes", "{call}", "Calls repeated with a newer shard map.");
        _traces = meter.CreateCounter<long>("insta.trace.kept", "{trace}", "Traces that nobody had sampled, kept because a call was slow or failed.");
    }

    public void Called(string method, StatusCode code, TimeSpan duration) => _calls.Record(
        duration.TotalSeconds, new("method", method), new("code", Names<StatusCode>.Of(code)));

    public void Undeclared(string method, string kind) => _undeclared.Add(1, new("method", method), new("kind", kind));

    public void EpochRefreshed(string method) => _refreshes.Add(1, new KeyValuePair<string, object?>("method", method));

    public void TraceKept(string reason) => _traces.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Enum.ToString allocates for each call; these are few.</summary>
    private static class Names<T>
        where T : struct, Enum
    {
        private static readonly ConcurrentDictionary<T, string> s_names = new();

        public static string Of(T value) => s_names.GetOrAdd(value, static v => v.ToString());
    }
}
