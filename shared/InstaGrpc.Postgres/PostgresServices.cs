using InstaGrpc.Postgres.Internal;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Postgres;

/// <summary>Registration of the PostgreSQL side of a mesh.</summary>
public static class PostgresServices
{
    /// <summary>Adds the pools, the router, the clock and the scoped <see cref="INodeReads"/> and <see cref="INodeWrites"/>, configured by
    /// the section <c>Insta:Postgres</c>, which is validated at start. May be called several times.</summary>
    public static IServiceCollection AddPostgres(this IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(static service => service.ServiceType == typeof(NodePool)))
        {
            return services;
        }

        services.AddOptions<PostgresOptions>().Bind(configuration.GetSection(PostgresOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresOptions>, PostgresOptionsValidation>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(static provider => new NodePool(
            provider.GetRequiredService<IOptions<PostgresOptions>>().Value, provider.GetService<ILoggerFactory>()));
        services.AddSingleton<ShardRouter>();
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<Migrator>();
        services.AddSingleton(static provider => new FirstAnswers(provider.GetRequiredService<IOptions<PostgresOptions>>().Value));
        services.AddSingleton<PostgresDoctor>();
        services.AddSingleton<DirectoryNotifications>();
        services.AddHostedService(static provider => provider.GetRequiredService<DirectoryNotifications>());
        services.AddHostedService<DatabaseClockMeasuring>();
        services.AddScoped<NodeReadScope>();
        services.AddScoped<INodeReads, NodeReads>();
        services.AddScoped<INodeWrites, NodeWrites>();
        services.AddScoped<IWriteTokens, WriteTokens>();
        return services;
    }

    /// <summary>Adds <see cref="NodeNotifications"/>, for those who wait for what is announced on the nodes. May be called several
    /// times.</summary>
    public static IServiceCollection AddNodeNotifications(this IServiceCollection services)
    {
        if (services.All(static service => service.ServiceType != typeof(NodeNotifications)))
        {
            services.AddSingleton<NodeNotifications>();
            services.AddHostedService(static provider => provider.GetRequiredService<NodeNotifications>());
        }

        return services;
    }
}
