using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Collects OpenTelemetry's metrics when somebody asks, one at a time, and writes them as text.</summary>
internal sealed class MetricsScrape
{
    private readonly Lock _gate = new();
    private readonly TextExporter _exporter = new();
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
        lock (_gate)
        {
            _exporter.Begin(openMetrics);
            _exporter.Collect!(5000);
            return _exporter.End();
        }
    }

    [ExportModes(ExportModes.Pull)]
    private sealed class TextExporter : BaseExporter<Metric>, IPullMetricExporter
    {
        private MetricText _text = new(openMetrics: false);

        public Func<int, bool>? Collect { get; set; }

        public void Begin(bool openMetrics) => _text = new MetricText(openMetrics);

        public string End() => _text.End();

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                _text.Add(metric);
            }

            return ExportResult.Success;
        }
    }
}
