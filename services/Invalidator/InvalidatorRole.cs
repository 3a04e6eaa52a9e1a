using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Invalidator.Internal;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Invalidator;

/// <summary>The role <c>invalidator</c>: from the change streams to marks in memcached.</summary>
public static class InvalidatorRole
{
    /// <summary>Adds the role; the mesh maps its service.</summary>
    public static IServiceCollection AddInvalidator(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddMemcached(configuration);
        services.AddChangeLog(configuration);
        services.AddInstaMesh(configuration).AddService<InvalidatorGrpcService>();
        var options = configuration.GetSection(InvalidatorOptions.Section).Get<InvalidatorOptions>() ?? new InvalidatorOptions();
        var settings = new LineageSettings(configuration["Insta:Prefix"] ?? "", configuration["Insta:Region"] ?? "local");
        services.TryAddSingleton(options);
        services.AddSingleton(settings);
        services.TryAddSingleton(configuration);
        services.AddSingleton<OwnAddress>();
        services.AddSingleton<DropHub>();
        services.AddSingleton<InvalidatorMetrics>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ContractBook>(provider, settings.Prefix));
        services.AddHostedService(provider => provider.GetRequiredService<ContractBook>());
        services.AddSingleton(provider => new InvalidatorWorker([
            .. provider.GetRequiredService<NodePool>().AllNodes.Select(node => ActivatorUtilities.CreateInstance<Lineage>(provider, node)),
        ]));
        services.AddHostedService(provider => provider.GetRequiredService<InvalidatorWorker>());
        services.AddSingleton<IReadinessCheck>(provider => new MemcachedReadiness(
            provider.GetService<MemcachedPool>(), InvalidatorService.Descriptor.FullName));
        services.AddSingleton<IReadinessCheck, KafkaReadiness>();
        return services;
    }
}
