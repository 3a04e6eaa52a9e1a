using System.Text;
using InstaGrpc.Mesh.Internal.Reflection;
using InstaGrpc.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>Registration of health and reflection.</summary>
internal static class MeshHealth
{
    public static void AddMeshHealth(this IServiceCollection services)
    {
        if (services.Any(s => s.ServiceType == typeof(NodePool)))
        {
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IReadinessCheck, PostgresReadiness>());
        }

        services.AddSingleton<HealthBoard>();
        services.AddHostedService(provider => provider.GetRequiredService<HealthBoard>());
        services.AddSingleton<ReflectionIndex>();
    }

    /// <summary><c>/healthz</c>: the process lives. <c>/readyz</c>: it takes calls, or (503) a line for each thing that is
    /// missing.</summary>
    public static void MapMeshHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", () => "ok");
        endpoints.MapGet("/readyz", (HealthBoard board) =>
        {
            var state = board.State;
            var text = new StringBuilder(state.IsReady ? "ready\n" : "not ready\n");
            foreach (var missing in state.Missing)
            {
                text.Append(missing.Name).Append(": ").Append(missing.Reason).Append('\n');
            }

            return Results.Text(text.ToString(), statusCode: state.IsReady ? StatusCodes.Status200OK
                : StatusCodes.Status503ServiceUnavailable);
        });
    }
}
