using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Takes the padding off binary trailers. gRPC over HTTP/2: "implementations MUST accept padded and un-padded values and should emit
/// un-padded values"; Grpc.AspNetCore.Server emits padded ones, status details (<c>grpc-status-details-bin</c>) among them.
/// </summary>
internal sealed class UnpaddedBinaryMetadata : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // Every call passes here, and most answers are there at once: no state machine for those.
        app.Use(inner => context =>
        {
            var answering = inner(context);
            if (!answering.IsCompletedSuccessfully)
            {
                return UnpadLaterAsync(answering, context);
            }

            Unpad(context);
            return answering;
        });
        next(app);
    };

    private static async Task UnpadLaterAsync(Task answering, HttpContext context)
    {
        await answering.ConfigureAwait(false);
        Unpad(context);
    }

    // A response without a message has its trailers among the headers, which have not left yet. What has left stays.
    private static void Unpad(HttpContext context) => Unpad(context.Response.HasStarted
        ? context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
        : context.Response.Headers);

    private static void Unpad(IHeaderDictionary? headers)
    {
        // One entry is grpc-status: most responses have no more.
        if (headers is null or { IsReadOnly: true } or { Count: < 2 })
        {
            return;
        }

        List<string>? padded = null;
        foreach (var (key, values) in headers)
        {
            if (key.EndsWith("-bin", StringComparison.OrdinalIgnoreCase) && values.Any(value => value is not null && value.EndsWith('=')))
            {
                (padded ??= []).Add(key);
            }
        }

        foreach (var key in padded ?? [])
        {
            headers[key] = headers[key].Select(value => value?.TrimEnd('=')).ToArray();
        }
    }
}
