using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>
/// Pages of other origins: which may call, and what their scripts see. No cookies are in play (callers send a token), so credentials are
/// never allowed.
/// </summary>
public sealed class CrossOrigin
{
    // How long a browser keeps what a preflight said; the longest that Chromium takes.
    private const string PreflightSeconds = "7200";

    private readonly FrozenSet<string> _origins;

    /// <param name="options">Whose pages may call.</param>
    public CrossOrigin(GrpcWebOptions options) => _origins = options.Origins.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Answers a preflight. Null: the request is none.</summary>
    /// <param name="http">The request.</param>
    /// <param name="methods">What may be called with, "POST".</param>
    public Task? Preflight(HttpContext http, string methods)
    {
        var (request, response) = (http.Request, http.Response);
        if (!HttpMethods.IsOptions(request.Method) || StringValues.IsNullOrEmpty(request.Headers.AccessControlRequestMethod))
        {
            return null;
        }

        if (!Allows(http))
        {
            return RefuseAsync(http, StatusCodes.Status403Forbidden,
                $"pages of {request.Headers.Origin} may not call this service: add the origin to Insta:GrpcWeb:Origins");
        }

        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.AccessControlAllowMethods = methods;
        response.Headers.AccessControlMaxAge = PreflightSeconds;
        if (request.Headers.AccessControlRequestHeaders is { Count: > 0 } headers)
        {
            // Metadata has any name; what counts among it (the token) is checked like everybody's.
            response.Headers.AccessControlAllowHeaders = headers;
        }

        return Task.CompletedTask;
    }

    /// <summary>Whether the request's page may call; then the answer says so to the browser.</summary>
    /// <returns>True also for a request of no page, and of a page that this process served.</returns>
    public bool Allows(HttpContext http)
    {
        var origin = http.Request.Headers.Origin;
        if (origin.Count == 0 || IsOwn(http, origin!))
        {
            return true;
        }

        http.Response.Headers.Append("Vary", "Origin");
        if (!_origins.Contains("*") && !_origins.Contains(origin.ToString()))
        {
            return false;
        }

        http.Response.Headers.AccessControlAllowOrigin = origin;
        return true;
    }

    /// <summary>Lets scripts of other origins read the answer's headers. To be called when those are complete.</summary>
    internal static void Expose(IHeaderDictionary headers)
    {
        if (headers.AccessControlAllowOrigin.Count > 0)
        {
            headers.AccessControlExposeHeaders = string.Join(", ", headers.Keys
                .Where(static key => !key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase))
                .Union(["grpc-status", "grpc-message"], StringComparer.OrdinalIgnoreCase));
        }
    }

    internal static async Task RefuseAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(text + "\n", http.RequestAborted).ConfigureAwait(false);
    }

    private static bool IsOwn(HttpContext http, string origin) =>
        string.Equals(origin, $"{http.Request.Scheme}://{http.Request.Host}", StringComparison.OrdinalIgnoreCase);
}
