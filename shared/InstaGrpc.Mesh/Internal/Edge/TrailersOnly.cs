using System.Globalization;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh.Internal.Edge;

/// <summary>An answer without a message, given before the server has made anything of the call: "Trailers-Only" of gRPC over HTTP/2.</summary>
internal static class TrailersOnly
{
    public static Task WriteAsync(HttpContext http, StatusCode code, string message)
    {
        var response = http.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)code).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Escape(message);
        return Task.CompletedTask;
    }

    /// <summary>The percent-encoding of <c>grpc-message</c>: every byte outside of 0x20 to 0x7E, and the percent sign.</summary>
    internal static string Escape(string message)
    {
        var escaped = new StringBuilder(message.Length);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            _ = b is >= 0x20 and <= 0x7E and not (byte)'%'
                ? escaped.Append((char)b)
                : escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return escaped.ToString();
    }
}
