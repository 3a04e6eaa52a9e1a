using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Memcached;

/// <summary>Registration of the memcached pool.</summary>
public static class MemcachedServices
{
    /// <summary>Adds a <see cref="MemcachedPool"/> configured by the section <c>Insta:Memcached</c>. Resolve it only where servers are
    /// configured. May be called several times.</summary>
    public static IServiceCollection AddMemcached(this IServiceCollection services, IConfiguration configuration)
    {
        // Binding twice would name every server of a list twice.
        if (services.Any(static service => service.ServiceType == typeof(MemcachedPool)))
        {
            return services;
        }

        var section = configuration.GetSection(MemcachedOptions.Section);
        services.AddOptions<MemcachedOptions>().Configure(options =>
        {
            section.Bind(options);
            if (section["Servers"] is { Length: > 0 } list)
            {
                options.Servers = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            }
        });
        services.TryAddSingleton(provider => new MemcachedPool(
            provider.GetRequiredService<IOptions<MemcachedOptions>>().Value,
            provider.GetService<ILoggerFactory>(),
            provider.GetService<TimeProvider>()));
        return services;
    }
}
