using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>Puts gRPC-Web before everything else, where it was asked for.</summary>
internal sealed class GrpcWebStartup(IOptions<GrpcWebOptions> options) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        if (options.Value.IsOn)
        {
            var calls = new GrpcWebCalls(options.Value);
            app.Use(inner => http => calls.InvokeAsync(http, inner));
        }

        next(app);
    };
}
