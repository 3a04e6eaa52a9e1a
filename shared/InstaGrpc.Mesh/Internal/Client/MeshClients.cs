using System.Collections.Concurrent;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>Makes typed clients; one connection pool for each address, one channel for each service (its retry policies).</summary>
internal sealed class MeshClients(
    ServiceAddresses addresses, MeshCatalog catalog, ClientInterceptor interceptor, ILoggerFactory loggers) : IDisposable
{
    private readonly ConcurrentDictionary<Uri, Lazy<SocketsHttpHandler>> _handlers = new();
    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = new(StringComparer.Ordinal);

    public TClient Create<TClient>(ServiceDescriptor service)
        where TClient : ClientBase<TClient> =>
        (TClient)Activator.CreateInstance(typeof(TClient),
            new LateCallInvoker(() => Channel(service).CreateCallInvoker()).Intercept(interceptor))!;

    public void Dispose()
    {
        foreach (var channel in _channels.Values.Where(c => c.IsValueCreated))
        {
            channel.Value.Dispose();
        }

        foreach (var handler in _handlers.Values.Where(h => h.IsValueCreated))
        {
            handler.Value.Dispose();
        }
    }

    private GrpcChannel Channel(ServiceDescriptor service)
    {
        // Found each time until it is known: the own listener's port is not, before the server has started.
        if (_channels.TryGetValue(service.FullName, out var known))
        {
            return known.Value;
        }

        var address = addresses.Find(service);
        return _channels.GetOrAdd(service.FullName, _ => new(() => GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = _handlers.GetOrAdd(address, _ => new(MakeHandler)).Value,
            ServiceConfig = ServiceConfigs.Of(catalog.Called.Methods.Where(m => m.ServiceFullName == service.FullName)),
            LoggerFactory = loggers,
        }))).Value;
    }

    private static SocketsHttpHandler MakeHandler() => new()
    {
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(5),
    };
}
