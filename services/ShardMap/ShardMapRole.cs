using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Services.ShardMap;

/// <summary>The role <c>shardmap</c>: which node holds which shard.</summary>
public static class ShardMapRole
{
    /// <summary>Adds the role; the mesh maps its service.</summary>
    public static IServiceCollection AddShardMap(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddInstaMesh(configuration).AddService<ShardMapGrpcService>();
        services.AddOptions<ShardMapOptions>().Bind(configuration.GetSection(ShardMapOptions.Section))
            .Validate(static options => options.MaxWatchers > 0, "Insta:ShardMap:MaxWatchers must be above 0.")
            .ValidateOnStart();
        services.TryAddSingleton<MapWatchers>();
        // Without state of a call: made once, not for each call.
        services.TryAddSingleton<ShardMapGrpcService>();
        return services;
    }
}
