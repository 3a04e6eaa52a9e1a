using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Collects OpenTelemetry's metrics when somebody asks, one at a time.</summary>
internal sealed class MetricsScrape
{
    private readonly Lock _gate = new();
    private readonly VisitedExporter _exporter = new();
    private readonly BaseExportingMetricReader _reader;

    public MetricsScrape() => _reader = new BaseExportingMetricReader(_exporter)
    {
        TemporalityPreference = MetricReaderTemporalityPreference.Cumulative,
    };

    /// <summary>To be added to the meter provider, which owns it then.</summary>
    public MetricReader Reader => _reader;

    /// <summary>Prometheus text, or OpenMetrics.</summary>
    public string Collect(bool openMetrics)
    {
        var text = new MetricText(openMetrics);
        Collect(text.Add);
        return text.End();
    }

    /// <summary>Shows every metric as it is now.</summary>
    public void Collect(Action<Metric> each)
    {
        lock (_gate)
        {
            _exporter.Each = each;
            _exporter.Collect!(5000);
        }
    }

    [ExportModes(ExportModes.Pull)]
    private sealed class VisitedExporter : BaseExporter<Metric>, IPullMetricExporter
    {
        public Action<Metric> Each { get; set; } = static _ => { };

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Each(metric);
            }

            return ExportResult.Success;
        }
    }
}
