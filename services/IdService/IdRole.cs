using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.IdService;

/// <summary>The role <c>id</c>: 64-bit ids that sort by time.</summary>
public static class IdRole
{
    /// <summary>Adds the role. When the application ends, its windows go back before the connections to the directory are closed.</summary>
    public static IServiceCollection AddId(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddInstaMesh(configuration).AddService<IdGrpcService>();
        services.AddOptions<IdServiceOptions>().Bind(configuration.GetSection(IdServiceOptions.Section))
            .Validate(static options => options.Window >= TimeSpan.FromMilliseconds(10) && options.Window <= TimeSpan.FromMinutes(1),
                "Insta:Ids:Window must be 10 ms to 1 min, like 00:00:01.")
            .Validate(static options => options.MaxAhead >= TimeSpan.Zero && options.MaxAhead <= TimeSpan.FromHours(1),
                "Insta:Ids:MaxAhead must be 0 to 1 h, like 00:00:10.")
            .ValidateOnStart();
        services.TryAddSingleton<IIdWindows>(static provider => new PostgresIdWindows(
            provider.GetRequiredService<NodePool>().Directory, provider.GetRequiredService<IOptions<IdServiceOptions>>().Value));
        services.TryAddSingleton<IdGenerator>();
        services.AddHostedService<IdEpochEnd>();
        // Without state of a call: made once, not for each call.
        services.TryAddSingleton<IdGrpcService>();
        return services;
    }
}
