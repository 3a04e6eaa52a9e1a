using InstaGrpc.Mesh.Internal.Health;
using InstaGrpc.Mesh.Ops;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Registration of traces and metrics.</summary>
internal static class MeshTelemetry
{
    public static void AddMeshTelemetry(this IServiceCollection services)
    {
        services.AddSingleton<MetricsScrape>();
        services.AddSingleton(static provider => new ProcessState(
            provider.GetRequiredService<MetricsScrape>(), provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<MeshCatalog>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetService<ProcessRoles>()));
        services.AddSingleton<IStartupFilter, CallSampling>();
        services.AddHostedService<TelemetryProviders>();
    }

    /// <summary><c>/metrics</c>: Prometheus text, or OpenMetrics (with exemplars) for those who ask for it. <c>/process.json</c>: what <c>/ops</c>
    /// shows of this process.</summary>
    public static void MapMeshMetrics(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/metrics", MetricsAsync);
        endpoints.MapGet("/process.json", static (HttpContext http, ProcessState state) => Results.Json(state.Read(http.Request.Host.Value ?? "")));
    }

    private static async Task MetricsAsync(HttpContext http)
    {
        var open = http.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.Ordinal);
        http.Response.ContentType = open
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
        var text = http.RequestServices.GetRequiredService<MetricsScrape>().Collect(open);
        await http.Response.WriteAsync(text, http.RequestAborted).ConfigureAwait(false);
    }
}
