using System.Globalization;
using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Internal.Health;
using InstaGrpc.Mesh.Internal.Telemetry;
using OpenTelemetry.Metrics;

namespace InstaGrpc.Mesh.Ops;

/// <summary>This process as operators see it: from its own metrics and its health.</summary>
public sealed class ProcessState
{
    private readonly MetricsScrape _scrape;
    private readonly HealthBoard _health;
    private readonly MeshCatalog _catalog;
    private readonly ProcessRoles? _roles;
    private readonly TimeProvider _time;
    private readonly HashSet<string> _streams;
    private readonly string _id = Guid.NewGuid().ToString("N");

    internal ProcessState(MetricsScrape scrape, HealthBoard health, MeshCatalog catalog, TimeProvider time, ProcessRoles? roles)
    {
        (_scrape, _health, _catalog, _time, _roles) = (scrape, health, catalog, time, roles);
        _streams =
        [
            .. from service in catalog.Services
               from method in service.Descriptor.Methods
               where method.IsServerStreaming || method.IsClientStreaming
               select $"{service.Descriptor.FullName}/{method.Name}",
        ];
    }

    /// <summary>As of now.</summary>
    /// <param name="name">host:port of the process's web listener.</param>
    public OpsState Read(string name)
    {
        Dictionary<string, Dictionary<string, long>> caches = [];
        Dictionary<string, OpsStream> streams = [];
        Dictionary<string, OpsMethod> methods = [];
        _scrape.Collect(metric =>
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                switch (metric.Name)
                {
                    case "insta.cache.reads" when Tag(point, "method") is { } method:
                        caches.TryAdd(method, []);
                        caches[method][Tag(point, "level") ?? ""] = point.GetSumLong();
                        break;
                    // A stream lasts as long as its reader wants, and ends with his cancel.
                    case MeshInstruments.CallsName when Tag(point, "method") is { } method && !_streams.Contains(method):
                        var errors = Tag(point, "code") is "OK" or "Cancelled" ? 0 : point.GetHistogramCount();
                        var calls = new OpsMethod(method, errors, Histogram(point));
                        methods[method] = methods.TryGetValue(method, out var others) ? OpsMethod.Sum(others, calls) : calls;
                        break;
                    case { } stream when Tag(point, "node") is { } node:
                        var known = streams.GetValueOrDefault(node) ?? new OpsStream(node, false, 0, 0, 0, OpsHistogram.Empty, OpsHistogram.Empty);
                        if (With(known, stream, metric.MetricType, point) is { } filled)
                        {
                            streams[node] = filled;
                        }

                        break;
                }
            }
        });
        var state = _health.State;
        var process = System.Diagnostics.Process.GetCurrentProcess();
        return new OpsState(
            _time.GetUtcNow(),
            [
                new OpsProcess(
                    name, _roles?.Names ?? [.. _catalog.Services.Select(static service => service.Descriptor.Name)],
                    state.IsReady ? "ready" : "not ready",
                    string.Join("; ", state.Missing.Select(static missing => $"{missing.Name}: {missing.Reason}")),
                    (DateTime.UtcNow - process.StartTime.ToUniversalTime()).TotalSeconds, process.WorkingSet64, _id),
            ],
            [
                .. caches.Select(static cache => new OpsCache(
                    cache.Key, cache.Value.GetValueOrDefault("l1"), cache.Value.GetValueOrDefault("memcached"),
                    cache.Value.GetValueOrDefault("stale"), cache.Value.GetValueOrDefault("filled"), cache.Value.GetValueOrDefault("uncached"))),
            ],
            [.. streams.Values],
            [.. methods.Values]);
    }

    private static OpsStream? With(OpsStream known, string metric, MetricType type, in MetricPoint point) => metric switch
    {
        "insta.changes.streaming" => known with { Streaming = Gauge(type, point) > 0 },
        "insta.changes.lag" => known with { LagBytes = (long)Gauge(type, point) },
        "insta.changes.records" => known with { Records = point.GetSumLong() },
        "insta.changes.failures" => known with { Failures = point.GetSumLong() },
        "insta.changes.publish.delay" => known with { Delay = Histogram(point) },
        "insta.projector.delay" => known with { ProjectorDelay = Histogram(point) },
        _ => null,
    };

    private static double Gauge(MetricType type, in MetricPoint point) =>
        type == MetricType.DoubleGauge ? point.GetGaugeLastValueDouble() : point.GetGaugeLastValueLong();

    private static string? Tag(in MetricPoint point, string name)
    {
        foreach (var tag in point.Tags)
        {
            if (tag.Key == name)
            {
                return Convert.ToString(tag.Value, CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    private static OpsHistogram Histogram(in MetricPoint point)
    {
        List<double> bounds = [];
        List<long> counts = [];
        foreach (var bucket in point.GetHistogramBuckets())
        {
            counts.Add(bucket.BucketCount);
            if (!double.IsPositiveInfinity(bucket.ExplicitBound))
            {
                bounds.Add(bucket.ExplicitBound);
            }
        }

        return new OpsHistogram(bounds, counts, point.GetHistogramSum());
    }
}
