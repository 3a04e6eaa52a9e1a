using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Projector;

/// <summary>The role <c>projector</c>: from the change streams to every derived state that is no cache entry. It serves no RPC.</summary>
public static class ProjectorRole
{
    /// <summary>Adds the role.</summary>
    public static IServiceCollection AddProjector(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddChangeLog(configuration);
        services.AddMetrics();
        services.AddNodeNotifications();
        services.AddProjectionRebuild(configuration);
        var options = configuration.GetSection(ProjectorOptions.Section).Get<ProjectorOptions>() ?? new ProjectorOptions();
        var nodes = options.Nodes.Length > 0
            ? options.Nodes
            : configuration.GetSection("Insta:Postgres:Nodes").GetChildren().Select(section => section.Key);
        foreach (var node in nodes.Distinct())
        {
            services.AddSingleton(new ProjectorStatus(new NodeName(node)));
        }

        services.AddSingleton<ProjectorMetrics>();
        services.AddSingleton<FanoutMetrics>();
        services.AddHostedService<ProjectorService>();
        services.AddHostedService(provider => new FanoutService(
            provider.GetRequiredService<NodePool>(),
            provider.GetRequiredService<ShardRouter>(),
            provider.GetRequiredService<ChangeLogClient>(),
            provider.GetRequiredService<NodeNotifications>(),
            provider.GetRequiredService<FanoutOptions>(),
            provider.GetRequiredService<ProjectorOptions>(),
            provider.GetServices<ProjectorStatus>(),
            provider.GetRequiredService<FanoutMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<FanoutService>>(),
            configuration["Insta:Region"] ?? "local",
            provider.GetService<TimelineAppender>(),
            provider.GetService<FanoutHooks>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IReadinessCheck, ProjectorReadiness>());
        // Without it there are no timelines; no service of this role answers worse, so it is only shown.
        services.AddSingleton<IReadinessCheck>(provider => new MemcachedReadiness(provider.GetService<MemcachedPool>()));
        return services;
    }

    /// <summary>Adds <see cref="ProjectionRebuild"/> alone, for a command. PostgreSQL must be added beside it.</summary>
    public static IServiceCollection AddProjectionRebuild(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ProjectorOptions>().Bind(configuration.GetSection(ProjectorOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ProjectorOptions>, ProjectorOptionsValidation>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<ProjectorOptions>>().Value);
        services.AddTimelines(configuration);
        services.TryAddSingleton<ProjectionRebuild>();
        return services;
    }
}
