using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Services.Changes;

/// <summary>The role <c>changes</c>: reads each node's logical slot and publishes its changes to Kafka. It serves no RPC.</summary>
public static class ChangesRole
{
    /// <summary>Adds the role.</summary>
    public static IServiceCollection AddChanges(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddChangeLog(configuration);
        services.AddMetrics();
        services.AddOptions<ChangesOptions>().Bind(configuration.GetSection(ChangesOptions.Section));
        foreach (var node in Nodes(configuration))
        {
            services.AddSingleton(new PublisherStatus(node));
        }

        services.AddSingleton<ChangesMetrics>();
        services.AddHostedService<ChangesService>();
        services.AddHostedService<SlotWal>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IReadinessCheck, ChangesReadiness>());
        return services;
    }

    private static IEnumerable<NodeName> Nodes(IConfiguration configuration)
    {
        var chosen = configuration.GetSection(ChangesOptions.Section).GetSection(nameof(ChangesOptions.Nodes)).Get<string[]>() ?? [];
        return chosen.Length > 0
            ? chosen.Select(name => new NodeName(name)).Distinct()
            : configuration.GetSection("Insta:Postgres:Nodes").GetChildren()
                .Select(section => new NodeName(section.Key))
                .Prepend(NodePool.DirectoryNode);
    }
}
