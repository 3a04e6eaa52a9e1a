using System.Globalization;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>The header <c>grpc-timeout</c> of gRPC over HTTP/2: at most 8 digits and a unit.</summary>
internal static class GrpcTimeout
{
    // Far beyond any ceiling of a unary method, and a time that can be added to the clock's.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>False: it is none, or none that leaves any time.</summary>
    public static bool TryParse(string? text, out TimeSpan timeout)
    {
        timeout = default;
        if (text is not { Length: >= 2 and <= 9 }
            || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }

        timeout = text[^1] switch
        {
            'n' => TimeSpan.FromTicks(amount / TimeSpan.NanosecondsPerTick),
            'u' => TimeSpan.FromTicks(amount * TimeSpan.TicksPerMicrosecond),
            'm' => TimeSpan.FromTicks(amount * TimeSpan.TicksPerMillisecond),
            'S' => TimeSpan.FromTicks(amount * TimeSpan.TicksPerSecond),
            'M' => TimeSpan.FromTicks(amount * TimeSpan.TicksPerMinute),
            'H' => TimeSpan.FromTicks(amount * TimeSpan.TicksPerHour),
            _ => TimeSpan.Zero,
        };
        timeout = timeout < s_longest ? timeout : s_longest;
        return timeout > TimeSpan.Zero;
    }
}
