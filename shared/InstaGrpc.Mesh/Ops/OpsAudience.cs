using System.Net;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh.Ops;

/// <summary>
/// Who may see the inside of a process: on a port that is for outside (<see cref="MeshListenerOptions.ExternalPorts"/>) this machine and the
/// networks that were named, on any other port everybody who reaches it.
/// </summary>
public sealed class OpsAudience
{
    private readonly int[] _external;
    private readonly IPNetwork[] _networks;

    /// <param name="ports">Which ports are for outside.</param>
    /// <param name="key">The setting that named the networks, for the message.</param>
    /// <param name="networks">"10.0.0.0/8".</param>
    /// <exception cref="FormatException">One of them is no network.</exception>
    public OpsAudience(MeshListenerOptions ports, string key, IEnumerable<string> networks)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _external = [.. ports.ExternalPorts];
        _networks = [.. networks.Select(network => IPNetwork.TryParse(network, out var parsed)
            ? parsed
            : throw new FormatException($"{key} has \"{network}\", which is no network like 10.0.0.0/8"))];
    }

    /// <summary>Whether whoever asks is one of them.</summary>
    public bool Has(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (!_external.AsSpan().Contains(http.Connection.LocalPort))
        {
            return true;
        }

        // What a proxy passes on comes from elsewhere than the proxy.
        if (http.Request.Headers.ContainsKey("Forwarded") || http.Request.Headers.ContainsKey("X-Forwarded-For")
            || http.Connection.RemoteIpAddress is not { } remote)
        {
            return false;
        }

        var address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        return IPAddress.IsLoopback(address) || Array.Exists(_networks, network => network.Contains(address));
    }
}
