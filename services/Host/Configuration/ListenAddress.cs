using System.Globalization;
using System.Net;

namespace InstaGrpc.Host.Configuration;

/// <summary>An address to listen on: <c>127.0.0.1:7070</c>, <c>0.0.0.0:7070</c>, <c>[::]:7070</c>; port 0 lets the kernel choose.</summary>
internal static class ListenAddress
{
    /// <param name="key">For the message.</param>
    /// <param name="text">Empty: the default.</param>
    /// <param name="defaultPort">On the loopback address.</param>
    public static IPEndPoint Parse(string key, string? text, int defaultPort)
    {
        if (string.IsNullOrEmpty(text)) return new IPEndPoint(IPAddress.Loopback, defaultPort);
        // IPEndPoint.Parse takes "7070" as an address, so a colon is asked for.
        if (text.Contains(':') && IPEndPoint.TryParse(text, out var address)) return address;
        throw new UsageException(string.Create(
            CultureInfo.InvariantCulture, $"{key} is '{text}': write ADDRESS:PORT, for example 127.0.0.1:{defaultPort}"));
    }
}
