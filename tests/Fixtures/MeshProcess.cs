using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Embedded;
using InstaGrpc.Mesh;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.TestFixtures;

/// <summary>A process of the mesh, with the roles that a test names, called over real gRPC on loopback.</summary>
/// <remarks>Its end fails the test if an error was logged that the test did not announce with <see cref="ExpectErrors"/>.</remarks>
public sealed class MeshProcess : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ErrorLog _errors;
    private readonly GrpcChannel _channel;

    private MeshProcess(WebApplication app, ErrorLog errors, Uri address, Uri? web)
    {
        _app = app;
        _errors = errors;
        Address = address;
        Web = web;
        _channel = GrpcChannel.ForAddress(address);
    }

    /// <summary>Where gRPC is served; a caller from here is believed (internal listener).</summary>
    public Uri Address { get; }

    /// <summary>Where the outside comes in, over HTTP/1.1; null unless asked for.</summary>
    public Uri? Web { get; }

    /// <summary>A channel to it that says nothing of the caller.</summary>
    public GrpcChannel Channel => _channel;

    public IServiceProvider Services => _app.Services;

    /// <summary>Errors are part of this test.</summary>
    public bool ExpectErrors { get; set; }

    /// <param name="configuration">Keys of <c>Insta:*</c>, e.g. those of <see cref="TestNodes.Configuration"/>; the last of equal ones counts, and
    /// before all of them <see cref="PatientSettings"/>.</param>
    /// <param name="add">Adds the roles.</param>
    public static Task<MeshProcess> StartAsync(
        IEnumerable<KeyValuePair<string, string?>> configuration, params Action<IServiceCollection, IConfiguration>[] add) =>
        StartAsync(configuration, null, add);

    /// <param name="configuration">As for the other.</param>
    /// <param name="map">Maps what the roles serve beside gRPC, on a listener for outside too (<c>Insta:Web:Listen</c>, or a free port); null: there is
    /// none.</param>
    /// <param name="add">Adds the roles.</param>
    public static async Task<MeshProcess> StartAsync(
        IEnumerable<KeyValuePair<string, string?>> configuration, Action<IEndpointRouteBuilder>? map,
        params Action<IServiceCollection, IConfiguration>[] add)
    {
        var errors = new ErrorLog();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Configuration.AddInMemoryCollection();
        foreach (var (key, value) in PatientSettings.Keys)
        {
            builder.Configuration[key] = value;
        }
        foreach (var (key, value) in configuration)
        {
            builder.Configuration[key] = value;
        }
        var listen = builder.Configuration["Insta:Web:Listen"];
        var web = map is null ? null : listen is null ? new IPEndPoint(IPAddress.Loopback, LoopbackPort.Free()) : IPEndPoint.Parse(listen);
        builder.Logging.AddProvider(errors).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            if (web is not null)
            {
                kestrel.Listen(web, static listen => listen.Protocols = HttpProtocols.Http1);
            }
        });
        if (web is not null)
        {
            builder.Services.Configure<MeshOptions>(mesh => mesh.Mesh.ExternalPorts.Add(web.Port));
        }

        builder.Services.AddInstaMesh(builder.Configuration);
        foreach (var role in add)
        {
            role(builder.Services, builder.Configuration);
        }

        var app = builder.Build();
        app.MapInstaMesh();
        map?.Invoke(app);
        await app.StartAsync().ConfigureAwait(false);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new MeshProcess(app, errors, new Uri(address), web is null ? null : new Uri($"http://{web}"));
    }

    /// <summary>Calls as this caller: <c>service:NAME</c>, <c>user:ID</c> or <c>admin</c>.</summary>
    public CallInvoker As(string caller) => _channel.CreateCallInvoker().Intercept(metadata =>
    {
        metadata.Add(MetadataNames.Caller, caller);
        return metadata;
    });

    /// <summary>An orderly stop, as at SIGTERM; the object stays to be disposed.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        if (!ExpectErrors && !_errors.Lines.IsEmpty)
        {
            throw new InvalidOperationException("errors were logged: " + string.Join('\n', _errors.Lines));
        }
    }

    private sealed class ErrorLog : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Category(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Category(string name, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (IsEnabled(logLevel))
                {
                    lines.Enqueue($"{name}: {formatter(state, exception)} {exception}");
                }
            }
        }
    }
}
