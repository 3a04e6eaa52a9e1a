using System.CommandLine;
using InstaGrpc.Caching;
using InstaGrpc.ChangeLog;
using InstaGrpc.Host.Configuration;
using InstaGrpc.Host.Lifecycle;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Host.Commands;

/// <summary>What a command that looks at a mesh, or mends it, works with: the configuration's servers, or those of the run on <c>--data</c> where the
/// configuration names none.</summary>
internal sealed class OperatorSession : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private OperatorSession(IConfigurationRoot configuration)
    {
        Configuration = configuration;
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddPostgres(configuration).AddMemcached(configuration).AddChangeLog(configuration);
        _services = services.BuildServiceProvider();
    }

    public IConfigurationRoot Configuration { get; }

    public string Prefix => Configuration["Insta:Prefix"] ?? "";

    public NodePool Postgres => Part<NodePool>();

    /// <exception cref="UsageException">None is named.</exception>
    public MemcachedPool Memcached => HasMemcached
        ? Part<MemcachedPool>()
        : throw new UsageException("no memcached is named: set Insta:Memcached:Servers (the variable INSTA__MEMCACHED__SERVERS)");

    public bool HasMemcached => ConfigurationFault.Explain(() => _services.GetRequiredService<IOptions<MemcachedOptions>>().Value.Servers.Count > 0);

    public ChangeLogClient Log => Part<ChangeLogClient>();

    public DatabaseClock Clock => Part<DatabaseClock>();

    public IServiceProvider Services => _services;

    /// <summary>Where a service is called: what <c>Insta:Services</c> names for it, as its callers in the mesh have it; else the run's gRPC
    /// listener.</summary>
    /// <param name="service">Its short name: <c>media</c>.</param>
    public string AddressOf(string service)
    {
        if (Configuration[$"Insta:Services:{service}"] is { Length: > 0 } named) return named;
        var grpc = ProcessOptions.Of(Configuration).Grpc;
        return grpc.Address ?? "http://" + grpc.Listen;
    }

    public static Option<string> DataOption() => UpCommand.DataOption();

    /// <exception cref="UsageException">No servers are named anywhere.</exception>
    public static OperatorSession Open(string dataFolder)
    {
        var configured = InstaConfiguration.Build([]);
        if (!string.IsNullOrEmpty(configured["Insta:Postgres:Directory"]))
        {
            return new OperatorSession(configured);
        }
        var data = new DataFolder(dataFolder);
        var run = RunSettings.Read(data.SettingsFile);
        if (run.Count == 0)
        {
            throw new UsageException(
                $"no mesh is named: start one with `insta up`, give its folder with --data (now {data.Path}), or set"
                + " INSTA__POSTGRES__DIRECTORY and the others of `insta config`");
        }
        return new OperatorSession(InstaConfiguration.Build(run));
    }

    private T Part<T>() where T : notnull => ConfigurationFault.Explain(_services.GetRequiredService<T>);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
