using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace InstaGrpc.TestFixtures.Mesh;

/// <summary>Roles behind the mesh in this process, on nodes of the test's own.</summary>
public sealed class TestMesh : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly GrpcChannel _channel;
    private readonly ErrorLog _errors;

    private TestMesh(TestNodes nodes, WebApplication application, ErrorLog errors)
    {
        Nodes = nodes;
        _application = application;
        _errors = errors;
        _channel = GrpcChannel.ForAddress(application.Urls.Single());
    }

    public TestNodes Nodes { get; }

    /// <summary>Calls as a service.</summary>
    public CallInvoker Service => As("service:test");

    public CallInvoker Admin => As("admin");

    /// <param name="roles">AddX of each role; IdService is always there.</param>
    public static async Task<TestMesh> StartAsync(
        SharedServers servers, IEnumerable<Func<IServiceCollection, IConfiguration, IServiceCollection>> roles, int nodes = 2,
        IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var databases = await TestNodes.CreateAsync(servers, nodes, "mesh").ConfigureAwait(false);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([.. databases.Configuration, .. settings ?? []]);
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        var errors = new ErrorLog();
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.Services.AddIds(databases.Options.Directory);
        builder.Services.AddInstaMesh(builder.Configuration).AddService<IdGrpcService>();
        foreach (var add in roles)
        {
            add(builder.Services, builder.Configuration);
        }

        builder.Services.TryAddSingleton(static _ => new CachedReads(null, new NoClock(), new NoNumbers(), new CacheOptions()));
        var application = builder.Build();
        application.MapInstaMesh();
        await application.StartAsync().ConfigureAwait(false);
        return new TestMesh(databases, application, errors);
    }

    /// <summary>Calls as a user.</summary>
    public CallInvoker User(long id) => As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"));

    public CallInvoker As(string caller) => _channel.Intercept(headers =>
    {
        headers.Add(MetadataNames.Caller, caller);
        return headers;
    });

    /// <summary>The test expects errors in the log; they are taken out of it.</summary>
    public IReadOnlyList<string> TakeErrors() => _errors.Take();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        await Nodes.DisposeAsync().ConfigureAwait(false);
        var errors = TakeErrors();
        Assert.True(errors.Count == 0, "The service logged errors:\n" + string.Join('\n', errors));
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyList<string> Take()
        {
            List<string> lines = [];
            while (_lines.TryDequeue(out var line))
            {
                lines.Add(line);
            }

            return lines;
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                _lines.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class NoClock : INodeClock
    {
        public bool TryGetNow(Contracts.Positions.NodeName node, out DateTime now)
        {
            now = default;
            return false;
        }
    }

    private sealed class NoNumbers : IContractNumbers
    {
        public int Version => 0;

        public AnnouncedKey? Find(string method, Contracts.Positions.NodeName node) => null;
    }
}
