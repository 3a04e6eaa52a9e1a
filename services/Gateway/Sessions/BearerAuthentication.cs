using InstaGrpc.Mesh;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>The header <c>authorization: Bearer</c> with an access token.</summary>
internal sealed class BearerAuthentication(AccessTokens tokens) : IEdgeAuthentication
{
    private const string Scheme = "Bearer ";

    private static readonly EdgeCaller _otherScheme = new(Contracts.Caller.Anonymous, "authorization must be \"Bearer \" and an access token");

    public ValueTask<EdgeCaller> AuthenticateAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization;
        if (header.Count == 0)
        {
            return new(EdgeCaller.Anonymous);
        }

        var text = header.ToString();
        return text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? tokens.ReadAsync(text[Scheme.Length..].Trim(), http.RequestAborted)
            : new(_otherScheme);
    }
}
