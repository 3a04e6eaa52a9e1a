using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>
/// Channels to a name that stands for several processes, as a headless Service of Kubernetes does: calls go to all of its addresses by turns, over a
/// connection each. The name is looked up again every 15 s, and when a connection ends, so a process that comes has its share of the calls soon,
/// and one that goes has none.
/// </summary>
/// <remarks>An address, and this machine, are called as ever: one connection pool, and nothing to choose at each call.</remarks>
internal sealed class NamedAddresses : IDisposable
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(15);

    // A process that comes back is to be found soon: the library's own limit is 2 min.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(3);

    private readonly ServiceProvider _resolvers;

    /// <param name="resolver">Null: DNS.</param>
    public NamedAddresses(ResolverFactory? resolver = null) =>
        _resolvers = new ServiceCollection().AddSingleton(resolver ?? new DnsResolverFactory(s_lookAgain)).BuildServiceProvider();

    /// <summary>Whether there may be several processes behind it.</summary>
    public static bool IsName(Uri address) =>
        address.HostNameType == UriHostNameType.Dns && !address.IsLoopback && address.Scheme == Uri.UriSchemeHttp;

    /// <summary>Sets what a channel to a name needs.</summary>
    /// <returns>The address to make it for.</returns>
    public Uri Balance(Uri address, GrpcChannelOptions options)
    {
        options.Credentials = ChannelCredentials.Insecure;
        options.ServiceProvider = _resolvers;
        options.InitialReconnectBackoff = s_firstPause;
        options.MaxReconnectBackoff = s_longestPause;
        options.ServiceConfig!.LoadBalancingConfigs.Add(new RoundRobinConfig());
        return new Uri($"dns:///{address.Host}:{address.Port}");
    }

    public void Dispose() => _resolvers.Dispose();
}
