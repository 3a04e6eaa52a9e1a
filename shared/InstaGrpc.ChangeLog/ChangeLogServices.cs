using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.ChangeLog;

/// <summary>Registers the change log.</summary>
public static class ChangeLogServices
{
    public static IServiceCollection AddChangeLog(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(ChangeLogOptions.From(configuration));
        services.TryAddSingleton<IConsumerProgress, ConsumerProgress>();
        services.TryAddSingleton<ChangeLogClient>();
        return services;
    }
}
