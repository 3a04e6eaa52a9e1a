using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A bucket of permits for each caller and method in this process; anonymous callers are told apart by their address, those of one
/// IPv6 network (/64) are not.</summary>
internal sealed class RateLimitCheck(CallerBuckets buckets) : ICallCheck
{
    public void Check(MeshCallContext call)
    {
        if (call.Served.Policy.RateLimit is not { } limit)
        {
            return;
        }

        var caller = call.Caller.Kind == Contracts.CallerKind.Anonymous
            ? $"address {PrefixOf(call.Http.Connection.RemoteIpAddress)}"
            : call.Caller.UserId is { } user ? FormattableString.Invariant($"user:{user}") : call.Caller.ToString();
        if (buckets.Take(call.Contract.FullName, caller, limit) is { } wait)
        {
            var rate = limit.PermitsPerSecond.ToString("0.###", CultureInfo.InvariantCulture);
            throw new ResourceExhaustedException($"{call.Contract.FullName} allows {rate} calls a second for each caller", wait);
        }
    }

    // One connection to the internet has at least 2^64 IPv6 addresses.
    private static IPAddress? PrefixOf(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
