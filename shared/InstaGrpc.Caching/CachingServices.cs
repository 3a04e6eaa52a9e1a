using InstaGrpc.Caching.Internal;
using InstaGrpc.Contracts;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Caching;

/// <summary>Registration of the cache.</summary>
public static class CachingServices
{
    /// <summary>Adds <see cref="CachedReads"/>, what it needs, and what runs beside it. PostgreSQL must be added too; memcached may be (without it every read is
    /// uncached, under the admission limit).</summary>
    /// <param name="services">The application's.</param>
    /// <param name="configuration"><c>Insta:Cache</c>, <c>Insta:Prefix</c>, <c>Insta:Region</c>.</param>
    /// <param name="contracts">The contracts that this process serves; those with a cache are announced.</param>
    public static IServiceCollection AddCaching(
        this IServiceCollection services, IConfiguration configuration, Func<IServiceProvider, IEnumerable<MethodContract>> contracts)
    {
        if (services.Any(static service => service.ServiceType == typeof(CachedReads)))
        {
            return services;
        }

        services.AddOptions<CacheOptions>().Configure(options =>
        {
            configuration.GetSection(CacheOptions.Section).Bind(options);
            options.Prefix = configuration[CacheOptions.PrefixKey] ?? "";
        });
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<INodeClock>(static provider => new DatabaseNodeClock(provider.GetRequiredService<DatabaseClock>()));
        services.AddSingleton(provider => new ContractAnnouncer(
            contracts(provider), provider.GetRequiredService<NodePool>(), provider.GetRequiredService<DirectoryNotifications>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ContractAnnouncer>>()));
        services.AddSingleton(static provider => new CachedReads(
            provider.GetService<MemcachedPool>(), provider.GetRequiredService<INodeClock>(), provider.GetRequiredService<ContractAnnouncer>(),
            provider.GetRequiredService<IOptions<CacheOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new DropWatcher(
            provider.GetRequiredService<CachedReads>(), provider.GetRequiredService<ContractAnnouncer>(), provider.GetRequiredService<NodePool>(),
            configuration["Insta:Region"] ?? "local", provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<DropWatcher>>()));
        services.AddSingleton<CacheInspector>();
        services.AddSingleton<ContractRetirement>();
        services.AddSingleton(static provider => new LeaseCache(provider.GetRequiredService<CachedReads>(), NodePool.DirectoryNode));
        services.AddSingleton<CacheMetrics>();

        // The metrics are made with the first host service, not with the first scrape.
        services.AddHostedService(static provider =>
        {
            provider.GetRequiredService<CacheMetrics>();
            return provider.GetRequiredService<ContractAnnouncer>();
        });
        if (configuration.GetValue(CacheOptions.Section + ":" + nameof(CacheOptions.L1Bytes), 1L) > 0)
        {
            services.AddHostedService(static provider => provider.GetRequiredService<DropWatcher>());
        }

        return services;
    }

    /// <summary>Adds .NET's <see cref="HybridCache"/> over leased entries, see <see cref="LeaseHybridCache"/>. <see cref="AddCaching"/> must be called too, and
    /// memcached be added: without it every call runs its factory.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="name">The namespace of the keys: 1 to 32 of [a-z0-9._-].</param>
    /// <param name="defaultExpiration">For entries without options; null: 5 min.</param>
    public static IServiceCollection AddLeaseHybridCache(this IServiceCollection services, string name = "hybrid", TimeSpan? defaultExpiration = null)
    {
        if (name.Length is 0 or > 32 || name.Any(static c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-')))
        {
            throw new ArgumentException($"\"{name}\" is no namespace: give 1 to 32 of [a-z0-9._-].", nameof(name));
        }

        services.TryAddSingleton<HybridCacheSerializers>();
        services.TryAddSingleton<HybridCache>(provider => new LeaseHybridCache(
            provider.GetRequiredService<LeaseCache>(), name, provider.GetRequiredService<HybridCacheSerializers>(),
            defaultExpiration ?? TimeSpan.FromMinutes(5)));
        return services;
    }
}
