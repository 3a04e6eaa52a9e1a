using System.Text.Json;
using InstaGrpc.Mesh.Internal.Edge;
using InstaGrpc.Mesh.Internal.Health;
using InstaGrpc.Mesh.Ops;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

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
    /// shows of this process. Both only for <see cref="OpsAudience"/>.</summary>
    public static void MapMeshMetrics(this IEndpointRouteBuilder endpoints)
    {
        var listeners = endpoints.ServiceProvider.GetRequiredService<IOptions<MeshOptions>>().Value.Mesh;
        var audience = new OpsAudience(listeners, $"{MeshOptions.Section}:Mesh:{nameof(MeshListenerOptions.ScrapeNetworks)}", listeners.ScrapeNetworks);

        // A process that serves nothing to the outside has nobody from there on its ports.
        var isEdge = endpoints.ServiceProvider.GetServices<EdgeService>().Any();
        endpoints.MapGet("/metrics", Open(MetricsAsync));
        endpoints.MapGet("/process.json", Open(static http => http.Response.WriteAsJsonAsync(
            http.RequestServices.GetRequiredService<ProcessState>().Read(http.Request.Host.Value ?? ""), JsonSerializerOptions.Web,
            http.RequestAborted)));

        RequestDelegate Open(RequestDelegate show) => !isEdge ? show : http =>
        {
            if (audience.Has(http))
            {
                return show(http);
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };
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
