using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Services.LeaseCache;

/// <summary>The role <c>leasecache</c>: leased cache entries under callers' own keys.</summary>
public static class LeaseCacheRole
{
    /// <summary>Adds the role; the mesh maps its service, and brings the cache itself.</summary>
    public static IServiceCollection AddLeaseCache(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddInstaMesh(configuration).AddService<LeaseCacheGrpcService>();
        services.TryAddSingleton<ServerStatistics>();
        // Without state of a call: made once, not for each call.
        services.TryAddSingleton<LeaseCacheGrpcService>();
        services.AddSingleton<IReadinessCheck>(provider => new MemcachedReadiness(
            provider.GetService<MemcachedPool>(), LeaseCacheService.Descriptor.FullName));
        return services;
    }
}
