using System.Globalization;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A bucket of permits for each caller and method in this process; anonymous callers are told apart by their address.</summary>
internal sealed class RateLimitCheck(CallerBuckets buckets) : ICallCheck
{
    public void Check(MeshCallContext call)
    {
        if (call.Served.Policy.RateLimit is not { } limit)
        {
            return;
        }

        var caller = call.Caller.Kind == Contracts.CallerKind.Anonymous
            ? $"address {call.Http.Connection.RemoteIpAddress}"
            : call.Caller.UserId is { } user ? FormattableString.Invariant($"user:{user}") : call.Caller.ToString();
        if (buckets.Take(call.Contract.FullName, caller, limit) is { } wait)
        {
            var rate = limit.PermitsPerSecond.ToString("0.###", CultureInfo.InvariantCulture);
            throw new ResourceExhaustedException($"{call.Contract.FullName} allows {rate} calls a second for each caller", wait);
        }
    }
}
