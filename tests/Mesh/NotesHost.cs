using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Tests.NotesV1;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes;
using InstaGrpc.Services.Invalidator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Tests;

/// <summary>
/// A process of the notes' team: two nodes and a directory of its own, real gRPC over loopback. A port for the mesh, one for strangers.
/// </summary>
public sealed class NotesHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestDatabase[] _databases;
    private readonly TestLog _log;
    private readonly GrpcChannel _channel;
    private readonly GrpcChannel _outside;

    private NotesHost(WebApplication app, TestDatabase[] databases, Uri inside, Uri outside, SettableConfiguration settings, TestLog log)
    {
        Settings = settings;
        _log = log;
        _app = app;
        _databases = databases;
        Address = inside;
        OutsideAddress = outside;
        _channel = GrpcChannel.ForAddress(inside);
        _outside = GrpcChannel.ForAddress(outside);
    }

    /// <summary>Of the internal listener.</summary>
    public Uri Address { get; }

    /// <summary>Of the listener where nobody's word is taken.</summary>
    public Uri OutsideAddress { get; }

    public GrpcChannel Channel => _channel;

    public GrpcChannel OutsideChannel => _outside;

    public NotesService.NotesServiceClient Notes => new(_channel);

    public NotesService.NotesServiceClient NotesFromOutside => new(_outside);

    public NotesLog Log => _app.Services.GetRequiredService<NotesLog>();

    public IServiceProvider Services => _app.Services;

    /// <summary>The configuration's settable layer; call <see cref="IConfigurationRoot.Reload"/> afterwards.</summary>
    public SettableConfiguration Settings { get; }

    /// <summary>Messages of errors that were logged, with their exceptions.</summary>
    public IReadOnlyCollection<string> Errors => _log.Errors;

    public IConfigurationRoot Configuration => (IConfigurationRoot)_app.Configuration;

    /// <summary>Messages of warnings that were logged.</summary>
    public IReadOnlyCollection<string> Warnings => _log.Warnings;

    /// <summary>The nodes' databases, "one" and "two".</summary>
    public IReadOnlyList<TestDatabase> Nodes => _databases[1..];

    /// <param name="servers">PostgreSQL, memcached and the broker.</param>
    /// <param name="settings">Configuration beyond the usual.</param>
    /// <param name="environment">Production: what a contract does not declare goes uncached instead of failing.</param>
    /// <param name="stream">With the roles that make caching possible: changes are published, and invalidate.</param>
    public static async Task<NotesHost> StartAsync(
        SharedServers servers, Dictionary<string, string?>? settings = null, string environment = "Development", bool stream = false)
    {
        TestDatabase[] databases =
        [
            await servers.CreateDirectoryAsync(), await servers.CreateNodeAsync("one"), await servers.CreateNodeAsync("two"),
        ];
        var configuration = new Dictionary<string, string?>
        {
            ["Insta:Prefix"] = servers.NewPrefix("notes"),
            ["Insta:Postgres:Directory"] = databases[0].ConnectionString,
            ["Insta:Postgres:Nodes:one:Primary"] = databases[1].ConnectionString,
            ["Insta:Postgres:Nodes:two:Primary"] = databases[2].ConnectionString,
            ["Insta:Memcached:Servers"] = string.Join(',', servers.MemcachedServers),
        };
        foreach (var (key, value) in settings ?? [])
        {
            configuration[key] = value;
        }

        var inside = InstaGrpc.Embedded.LoopbackPort.Free();
        var outside = InstaGrpc.Embedded.LoopbackPort.Free();
        configuration["Insta:Mesh:ExternalPorts:0"] = $"{outside}";
        configuration.TryAdd("Insta:Kafka:BootstrapServers", servers.Kafka);
        configuration["Insta:Kafka:Embedded"] = servers.Broker.IsApacheKafka ? "false" : "true";
        configuration["Insta:Invalidator:Address"] = $"http://127.0.0.1:{inside}";
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = environment });
        var settable = new SettableConfiguration(configuration);
        ((IConfigurationBuilder)builder.Configuration).Add(settable);
        var log = new TestLog();
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, inside, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, outside, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton<NotesLog>();
        builder.Services.AddInstaMesh(builder.Configuration)
            .AddService<NotesGrpcService>()
            .AddClient<NotesService.NotesServiceClient>();
        if (stream)
        {
            builder.Services.AddChanges(builder.Configuration);
            builder.Services.AddInvalidator(builder.Configuration);
        }

        var app = builder.Build();
        app.MapInstaMesh();
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(app.Services.GetRequiredService<NodePool>(), CancellationToken.None);
        foreach (var node in databases[1..])
        {
            await node.ExecuteAsync("""
                CREATE TABLE notes (id bigint PRIMARY KEY, owner_id bigint NOT NULL, text text NOT NULL);
                CREATE UNIQUE INDEX notes_identity ON notes (owner_id, id);
                ALTER TABLE notes REPLICA IDENTITY USING INDEX notes_identity;
                CREATE TABLE marks (note_id bigint, user_id bigint, word text NOT NULL, PRIMARY KEY (note_id, user_id));
                """);
        }

        await app.StartAsync();
        return new NotesHost(app, databases, new Uri($"http://127.0.0.1:{inside}"), new Uri($"http://127.0.0.1:{outside}"), settable, log);
    }

    /// <summary>An orderly stop, which waits for calls to end; the object stays to be asked and disposed.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Takes the host's databases away, for good.</summary>
    public async Task LosePostgresAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }

        Array.Clear(_databases);
    }

    /// <summary>Headers of a caller.</summary>
    public static Metadata As(string caller, params (string Name, string Value)[] more)
    {
        var headers = new Metadata { { MetadataNames.Caller, caller } };
        foreach (var (name, value) in more)
        {
            headers.Add(name, value);
        }

        return headers;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _outside.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        foreach (var database in _databases.Where(d => d is not null))
        {
            await database.DisposeAsync();
        }
    }
}
