using InstaGrpc.Memcached;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Timelines;

/// <summary>Registration of timelines.</summary>
public static class TimelineServices
{
    /// <summary>Adds <see cref="FanoutOptions"/> (section <c>Insta:Feed</c>, validated at start) and, where memcached servers are configured,
    /// <see cref="TimelineStore"/> and <see cref="TimelineAppender"/>. Without them every feed is pulled. May be called several
    /// times.</summary>
    public static IServiceCollection AddTimelines(this IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(static service => service.ServiceType == typeof(TimelineKey)))
        {
            return services;
        }

        services.AddOptions<FanoutOptions>().Bind(configuration.GetSection(FanoutOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FanoutOptions>, FanoutOptionsValidation>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<FanoutOptions>>().Value);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(new TimelineKey(configuration["Insta:Prefix"] ?? ""));
        var servers = configuration.GetSection("Insta:Memcached:Servers");
        if (servers.Value is { Length: > 0 } || servers.GetChildren().Any())
        {
            services.AddMemcached(configuration);
            services.AddSingleton<TimelineStore>();
            services.AddSingleton<TimelineAppender>();
        }

        return services;
    }
}
