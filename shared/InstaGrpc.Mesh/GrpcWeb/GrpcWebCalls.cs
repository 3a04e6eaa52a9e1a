using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>
/// gRPC-Web (PROTOCOL-WEB.md of gRPC): what a browser can send and read of gRPC. The request is made to look as over HTTP/2, which it differs
/// from only by its content type (and base64); the answer's trailers go into its body (<see cref="GrpcWebResponse"/>). The server behind it
/// does not know. Whatever is wrong with a request that was meant to be one is said in plain text, for the developer who looks at it.
/// </summary>
internal sealed class GrpcWebCalls(GrpcWebOptions options)
{
    private const string NativeType = "application/grpc";
    private const string Http2 = "HTTP/2";

    private readonly CrossOrigin _origins = new(options);

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        if (GrpcWebFormat.Of(request) is { } format)
        {
            return HttpMethods.IsPost(request.Method)
                ? CallAsync(http, format, next)
                : CrossOrigin.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "a gRPC-Web call is a POST");
        }

        return IsMethod(request.Path) ? Preflight(http) ?? WhatIsWrong(http) ?? next(http) : next(http);
    }

    // "/package.Service/Method": what the paths of files have no dot before.
    private static bool IsMethod(PathString path)
    {
        var text = path.Value.AsSpan();
        var end = text.IsEmpty ? -1 : text[1..].IndexOf('/');
        return end > 0 && text[1..(end + 1)].Contains('.') && !text[(end + 2)..].ContainsAny("/.");
    }

    private Task? Preflight(HttpContext http) => _origins.Preflight(http, "POST");

    private static Task? WhatIsWrong(HttpContext http)
    {
        var request = http.Request;
        if (!HttpMethods.IsPost(request.Method))
        {
            return CrossOrigin.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed,
                $"{request.Path} is a gRPC method: POST to it, with content-type application/grpc-web+proto from a browser");
        }

        if (request.ContentType is null || !request.ContentType.StartsWith(NativeType, StringComparison.OrdinalIgnoreCase)
            || request.ContentType.StartsWith("application/grpc-web", StringComparison.OrdinalIgnoreCase))
        {
            return CrossOrigin.RefuseAsync(http, StatusCodes.Status415UnsupportedMediaType,
                $"{request.Path} is a gRPC method and takes application/grpc-web+proto or application/grpc-web-text+proto (from browsers) or"
                + $" application/grpc (over HTTP/2), not {request.ContentType ?? "a request without content-type"}");
        }

        return HttpProtocol.IsHttp2(request.Protocol) || HttpProtocol.IsHttp3(request.Protocol) ? null
            : CrossOrigin.RefuseAsync(http, StatusCodes.Status426UpgradeRequired,
                "gRPC needs HTTP/2, and this connection speaks HTTP/1.1: call the gRPC port, or send gRPC-Web (application/grpc-web+proto)");
    }

    private async Task CallAsync(HttpContext http, GrpcWebFormat format, RequestDelegate next)
    {
        if (!_origins.Allows(http))
        {
            await CrossOrigin.RefuseAsync(http, StatusCodes.Status403Forbidden,
                $"pages of {http.Request.Headers.Origin} may not call this service: add the origin to Insta:GrpcWeb:Origins").ConfigureAwait(false);
            return;
        }

        if (format.TextRequest)
        {
            var body = await Base64Request.ReadAsync(http.Request, options.LargestTextRequest, http.RequestAborted).ConfigureAwait(false);
            if (body is null)
            {
                await CrossOrigin.RefuseAsync(http, StatusCodes.Status400BadRequest,
                    $"the body is not base64, or longer than {options.LargestTextRequest} bytes").ConfigureAwait(false);
                return;
            }

            http.Features.Set<IRequestBodyPipeFeature>(body);
        }

        var inner = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var response = new GrpcWebResponse(http, inner, format.TextResponse);
        http.Features.Set<IHttpResponseBodyFeature>(response);
        http.Features.Set<IHttpResponseTrailersFeature>(response);
        http.Features.Set<IHttpResetFeature>(response);
        http.Features.Set(response);
        http.Request.ContentType = NativeType + format.Suffix;
        http.Request.Protocol = Http2;
        http.Response.OnStarting(
            static state =>
            {
                var (response, type) = ((HttpResponse, string))state;
                if (response.ContentType is { } answered && answered.StartsWith(NativeType, StringComparison.Ordinal))
                {
                    response.ContentType = type;
                    CrossOrigin.Expose(response.Headers);
                }

                return Task.CompletedTask;
            },
            (http.Response, format.ResponseType));
        await next(http).ConfigureAwait(false);
        await response.EndAsync().ConfigureAwait(false);
        http.Features.Set(inner);
    }
}
