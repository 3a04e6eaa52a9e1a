using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Internal.Client;
using InstaGrpc.Mesh.Internal.Edge;
using InstaGrpc.Mesh.Internal.Health;
using InstaGrpc.Mesh.Internal.Reflection;
using InstaGrpc.Mesh.Internal.Server;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh;

/// <summary>Mapping of the mesh.</summary>
public static class MeshEndpoints
{
    /// <summary>
    /// Maps every service that was added, <c>grpc.health.v1</c>, <c>grpc.reflection.v1</c> (and v1alpha), <c>/healthz</c>,
    /// <c>/readyz</c> and
    /// <c>/metrics</c>. Contracts and overrides are checked here, before the server listens.
    /// </summary>
    /// <exception cref="Contracts.InvalidContractsException">A contract can't be served; the message lists every fault.</exception>
    /// <exception cref="InvalidOperationException">The configuration has a fault; the message says which and what to set.</exception>
    public static IEndpointRouteBuilder MapInstaMesh(this IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var catalog = services.GetRequiredService<MeshCatalog>();
        services.GetRequiredService<EffectivePolicies>();
        services.GetRequiredService<ServiceAddresses>().Validate();
        var shortWay = services.GetRequiredService<ShortWay>();
        var gate = services.GetRequiredService<EdgeGate>();
        foreach (var served in catalog.Services)
        {
            var mapped = served.Map(endpoints);
            shortWay.Precede(mapped);
            gate.Precede(mapped);
        }

        gate.Precede(endpoints.MapGrpcService<HealthGrpcService>());
        gate.Precede(endpoints.MapGrpcService<ReflectionGrpcService>());
        gate.Precede(endpoints.MapGrpcService<ReflectionAlphaGrpcService>());
        endpoints.MapMeshHealth();
        endpoints.MapMeshMetrics();
        return endpoints;
    }
}
