using Grpc.Net.Client.Balancer;
using InstaGrpc.Caching;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh.GrpcWeb;
using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Internal.Client;
using InstaGrpc.Mesh.Internal.Edge;
using InstaGrpc.Mesh.Internal.Health;
using InstaGrpc.Mesh.Internal.Server;
using InstaGrpc.Mesh.Internal.Telemetry;
using InstaGrpc.Mesh.Shedding;
using InstaGrpc.Postgres;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Mesh;

/// <summary>
/// Registration of the mesh.
/// <code>
/// builder.Services.AddInstaMesh(builder.Configuration).AddService&lt;OrdersGrpcService&gt;();
/// app.MapInstaMesh();
/// </code>
/// <para>
/// Every call of a service that was added passes these concerns, in this order, each a class of its own. One interceptor
/// (<see cref="MeshInterceptor"/>) takes the call through them; the order is what makes them right together.
/// </para>
/// <list type="number">
/// <item><b>Boundary</b> (<see cref="MeshInterceptor"/>, <see cref="ErrorTable"/>) is around all others because it is where exceptions
/// end: whatever any of them or the handler throws becomes a gRPC status by one table, an unknown exception INTERNAL with a trace id. It
/// makes the call's context (<see cref="MeshCallContext"/>), which the others fill, and writes the token trailer, which must also go out
/// with a failure: a write may have been committed before it.</item>
/// <item><b>Caller</b> (<see cref="CallerCheck"/>) decides who calls and whether he may, before anything is spent on him.
/// <c>insta-caller</c> is believed only from the internal listener.</item>
/// <item><b>Rate limit</b> (<see cref="RateLimitCheck"/>) needs to know the caller, and comes before everything that costs.</item>
/// <item><b>Deadline</b> (<see cref="DeadlineCheck"/>): the contract's ceiling or the caller's shorter one. From here on there is a time
/// by which everything ends, cancelled at PostgreSQL too; it comes before the waiting: for the shard map, for a lease, for
/// admission.</item>
/// <item><b>Conditions</b> (<see cref="ConditionsCheck"/>): what the caller asks of the answer (token, own limit of staleness, epoch),
/// checked before the cache looks for one that meets it.</item>
/// <item><b>Cached calls</b> (<see cref="CachedCalls"/>): where the contract declares a cache, the call ends here. The handler runs only
/// for what is missing, not as this call's continuation but in a scope of its own (<see cref="CachedRuns"/>): the run belongs to
/// everybody who waits for it, may outlive the caller who started it, and knows nobody's identity. So it must come after what is the
/// caller's (identity, rate, deadline) and before what is the handler's.</item>
/// <item><b>Handler calls</b> (<see cref="HandlerCalls"/>): the innermost, for handlers that run for their own caller. It gives
/// <see cref="INodeReads"/> its node, lets deadline, user and tokens flow into the calls that the handler makes
/// (<see cref="ClientInterceptor"/> picks them up), and collects the tokens of its writes.</item>
/// </list>
/// <para>
/// Most cached reads end before all of this: <see cref="ShortWay"/> takes a plain request through the same checks and writes the cache's
/// bytes as the answer. What it can't answer goes through the list.
/// </para>
/// <para>
/// Methods that the process did not add with <see cref="MeshBuilder.AddService{TGrpcService}"/> (health, reflection, what the application
/// maps itself) have no contract: they pass, but their exceptions end at the boundary as well. A method whose class does not override
/// it is UNIMPLEMENTED.
/// </para>
/// </summary>
public static class MeshServices
{
    /// <summary>
    /// Adds the mesh, configured by the section <c>Insta</c>. May be called several times: each role adds its own services. PostgreSQL and
    /// memcached are used when they are configured (<c>Insta:Postgres:Directory</c>, <c>Insta:Memcached:Servers</c>).
    /// </summary>
    public static MeshBuilder AddInstaMesh(this IServiceCollection services, IConfiguration configuration)
    {
        if (services.FirstOrDefault(s => s.ServiceType == typeof(MeshBuilder))?.ImplementationInstance is MeshBuilder known)
        {
            return known;
        }

        var builder = new MeshBuilder(services, configuration);
        services.AddSingleton(builder);
        services.AddOptions<MeshOptions>().Bind(configuration.GetSection(MeshOptions.Section));
        services.AddOptions<SheddingOptions>().Bind(configuration.GetSection(SheddingOptions.Section));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<MeshCatalog>();
        services.AddSingleton<EffectivePolicies>();
        services.AddSingleton<MeshInstruments>();
        services.AddSingleton<CallFlow>();
        AddServerSide(services);
        AddClientSide(services);
        AddData(services, configuration);
        services.AddMeshHealth();
        services.AddMeshTelemetry();
        return builder;
    }

    private static void AddServerSide(IServiceCollection services)
    {
        services.AddSingleton<NodeChooser>();
        services.AddSingleton(static provider => new CallerBuckets(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<CachedRuns>();
        services.AddSingleton<CachedEndpoints>();
        services.AddSingleton<ServedMethods>();
        services.AddSingleton<ICallCheck, CallerCheck>();
        services.AddSingleton<ICallCheck, RateLimitCheck>();
        services.AddSingleton<ICallCheck, DeadlineCheck>();
        services.AddSingleton<ICallCheck, ConditionsCheck>();
        services.AddSingleton<CachedCalls>();
        services.AddSingleton<ShortWay>();
        services.AddSingleton<HandlerCalls>();
        services.AddSingleton<MeshInterceptor>();
        services.AddSingleton<LoadShedding>();
        services.AddSingleton<EdgeGate>();

        // Around what takes the padding off trailers: it writes them into the body.
        services.AddSingleton<IStartupFilter, GrpcWebStartup>();
        services.AddSingleton<IStartupFilter, UnpaddedBinaryMetadata>();
        services.AddGrpc(options =>
        {
            options.EnableDetailedErrors = false;
            options.Interceptors.Add<MeshInterceptor>();
        });
    }

    private static void AddClientSide(IServiceCollection services)
    {
        services.AddSingleton<ServiceAddresses>();
        services.AddSingleton<ClientInterceptor>();
        services.AddSingleton(static provider => new NamedAddresses(provider.GetService<ResolverFactory>()));
        services.AddSingleton<MeshClients>();
    }

    private static void AddData(IServiceCollection services, IConfiguration configuration)
    {
        if (!string.IsNullOrEmpty(configuration["Insta:Postgres:Directory"]))
        {
            services.AddPostgres(configuration);
            services.AddCaching(configuration, static provider =>
            {
                // What the class does not override is UNIMPLEMENTED: nothing of it will ever be cached.
                var catalog = provider.GetRequiredService<MeshCatalog>();
                return catalog.Served.Methods.Where(m => catalog.HandlerOf(m) is not null);
            });
        }

        if (configuration.GetSection("Insta:Memcached:Servers") is { } servers
            && (servers.Value is { Length: > 0 } || servers.GetChildren().Any()))
        {
            services.AddMemcached(configuration);
        }
    }
}
