using System.Globalization;
using System.Net;

namespace InstaGrpc.Memcached.Internal;

/// <summary><c>host:port</c>, <c>[v6]:port</c>, or a host with the usual port.</summary>
internal sealed record ServerAddress(string Host, int Port)
{
    public const int UsualPort = 11211;

    public EndPoint EndPoint => IPAddress.TryParse(Host, out var ip) ? new IPEndPoint(ip, Port) : new DnsEndPoint(Host, Port);

    public static ServerAddress Parse(string text)
    {
        var trimmed = text.Trim();
        var colon = trimmed.LastIndexOf(':');
        var bracket = trimmed.LastIndexOf(']');
        var hasPort = colon > bracket && (bracket >= 0 || trimmed.IndexOf(':') == colon);
        var host = (hasPort ? trimmed[..colon] : trimmed).Trim('[', ']');
        var port = UsualPort;
        if (host.Length == 0
            || (hasPort && !int.TryParse(trimmed[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port))
            || port is < 1 or > 65535)
        {
            throw new ArgumentException($"Insta:Memcached:Servers: '{text}' is no address; write host:port, for example 127.0.0.1:11211.");
        }

        return new ServerAddress(host, port);
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
