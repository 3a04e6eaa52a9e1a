using System.Diagnostics.Metrics;
using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Ops;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Holds OpenTelemetry's providers for as long as the application runs.</summary>
internal sealed class TelemetryProviders(
    IOptionsMonitor<MeshOptions> options, MeshCatalog catalog, MetricsScrape scrape, MeshInstruments instruments, IMeterFactory meters,
    ProcessRoles? roles = null)
    : IHostedService, IDisposable
{
    private static readonly string[] s_sources =
        ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Grpc.Net.Client", "InstaGrpc.*"];

    // Not Microsoft.AspNetCore.Hosting: it would time every call a second time, under a name that knows no gRPC status.
    private static readonly string[] s_meters = ["Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql", "InstaGrpc.*"];

    // It counts every call up and down again with six labels, a twentieth of what a cached read costs; an HTTP/2 call waits in the queue of
    // the thread pool, whose length is a metric already.
    private const string QueuedRequests = "kestrel.queued_requests";

    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var resource = ResourceBuilder.CreateEmpty().AddService(
            options.CurrentValue.Name ?? (roles is { Names: [var only] } ? $"insta-{only}" : "insta"), autoGenerateServiceInstanceId: true)
            .AddAttributes([new("insta.services", string.Join(',', catalog.Services.Select(s => s.Descriptor.FullName)))]);
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(s_meters)
            .AddView(View)
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddReader(scrape.Reader)
            .Build();
        if (options.CurrentValue.Otlp.Endpoint is { } endpoint)
        {
            var exporter = new OtlpTraceExporter(new OtlpExporterOptions { Endpoint = endpoint, Protocol = OtlpExportProtocol.Grpc });
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(s_sources)
                .SetSampler(new TraceSampler())
                .AddProcessor(new ClientSpans())
                .AddProcessor(new LocalRoots(
                    new BatchActivityExportProcessor(exporter, scheduledDelayMilliseconds: 1000), () => options.CurrentValue.Otlp.SlowCall,
                    instruments.TraceKept))
                .Build();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        // The last spans, but not for longer than a stop may take.
        _traces?.ForceFlush(2000);
        return Task.CompletedTask;
    }

    private MetricStreamConfiguration? View(Instrument instrument) => instrument switch
    {
        // Of another mesh in this process: its calls are not ours, and a reader drops, for good, what goes beyond 1,000 streams.
        { Meter.Scope: { } scope } when scope != meters => MetricStreamConfiguration.Drop,
        { Name: QueuedRequests } => MetricStreamConfiguration.Drop,
        // Without a word of their own they would get OpenTelemetry's buckets, which are for milliseconds: the first ends at 5.
        Histogram<double> { Unit: "s", Advice: null } when instrument.Meter.Name.StartsWith("InstaGrpc.", StringComparison.Ordinal) =>
            new ExplicitBucketHistogramConfiguration { Boundaries = MeshInstruments.SecondsBounds },
        _ => null,
    };

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }
}
