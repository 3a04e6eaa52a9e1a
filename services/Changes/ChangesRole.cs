using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Services.Changes;

/// <summary>The role <c>changes</c>: reads each node's logical slot and publishes its changes to Kafka. It serves no RPC.</summary>
public static class ChangesRole
{
    public static void AddChanges(IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddChangeLog(configuration);
        services.AddMetrics();
        services.AddOptions<ChangesOptions>().Bind(configuration.GetSection("Insta:Changes"));
        foreach (var node in Nodes(configuration))
        {
            services.AddSingleton(new PublisherStatus(node));
        }

        services.AddSingleton<ChangesMetrics>();
        services.AddHostedService<ChangesService>();
        services.AddHealthChecks().AddCheck<ChangesReadiness>(ChangesReadiness.Name, tags: ["ready"]);
    }

    public static void MapChanges(IEndpointRouteBuilder endpoints)
    {
    }

    private static IEnumerable<NodeName> Nodes(IConfiguration configuration)
    {
        var chosen = configuration.GetSection("Insta:Changes:Nodes").Get<string[]>() ?? [];
        return chosen.Length > 0
            ? chosen.Select(name => new NodeName(name)).Distinct()
            : configuration.GetSection("Insta:Postgres:Nodes").GetChildren().Select(section => new NodeName(section.Key)).Prepend(NodePool.DirectoryNode);
    }
}
