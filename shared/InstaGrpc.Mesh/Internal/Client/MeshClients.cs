using System.Collections.Concurrent;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>
/// Makes typed clients; one connection pool for each address, one channel for each service (its retry policies). Behind a name there may be many
/// processes, today others than yesterday: they are taken by turns, and the name is looked up again and again (<see cref="NamedAddresses"/>).
/// </summary>
internal sealed class MeshClients(
    ServiceAddresses addresses, MeshCatalog catalog, ClientInterceptor interceptor, NamedAddresses names, ILoggerFactory loggers) : IDisposable
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
        return _channels.GetOrAdd(service.FullName, _ => new(() => Make(service, address))).Value;
    }

    private GrpcChannel Make(ServiceDescriptor service, Uri address)
    {
        var options = new GrpcChannelOptions
        {
            HttpHandler = _handlers.GetOrAdd(address, _ => new(MakeHandler)).Value,
            ServiceConfig = ServiceConfigs.Of(catalog.Called.Methods.Where(m => m.ServiceFullName == service.FullName)),
            LoggerFactory = loggers,
        };
        return GrpcChannel.ForAddress(NamedAddresses.IsName(address) ? names.Balance(address, options) : address, options);
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
