using System.Buffers.Binary;
using System.Diagnostics;
using InstaGrpc.Mesh.Internal.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>
/// Head sampling: of the calls that begin a trace here, each method's part is kept. In front of everything that could begin an activity of
/// its own, because children are recorded as their parent is at that moment. A sampler could not do it: the path is not known to it.
/// </summary>
internal sealed class CallSampling(IOptionsMonitor<MeshOptions> options) : IStartupFilter
{
    // Asked every few seconds, and answered with an error as long as something is missing: nobody wants to read of it in traces.
    private static readonly string[] s_probes = ["/healthz", "/readyz", "/metrics", "/process.json", "/grpc.health.v1.Health"];

    private readonly int[] _external = [.. options.CurrentValue.Mesh.ExternalPorts];

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        if (options.CurrentValue.Otlp.Endpoint is not null)
        {
            var methods = app.ApplicationServices.GetRequiredService<ServedMethods>();
            app.Use(inner => http => http.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity
                ? InvokeAsync(methods, activity, http, inner)
                : inner(http));
        }

        next(app);
    };

    /// <summary>Whether a trace belongs to a part of all. The same for everybody who asks with the same part: the id is random (in its last 7 bytes, W3C
    /// Trace Context level 2).</summary>
    internal static bool IsIn(ActivityTraceId trace, double part)
    {
        Span<byte> id = stackalloc byte[16];
        trace.CopyTo(id);
        const ulong range = 1UL << 56;
        return (BinaryPrimitives.ReadUInt64BigEndian(id[8..]) & (range - 1)) < part * range;
    }

    private Task InvokeAsync(ServedMethods methods, Activity activity, HttpContext http, RequestDelegate next)
    {
        var path = http.Request.Path.Value ?? "";
        if (Array.Exists(s_probes, probe => path.StartsWith(probe, StringComparison.Ordinal)))
        {
            return next(http);
        }

        var isCall = methods.TryGet(path, out var served);
        var part = served?.Policy.SampleRatio ?? options.CurrentValue.Otlp.SampleRatio;
        if (activity.ParentId is null)
        {
            Keep(activity, IsIn(activity.TraceId, part));
        }
        else if (_external.AsSpan().Contains(http.Connection.LocalPort))
        {
            // The trace of a phone goes on, but what is kept is not for the outside to say: neither by the flag nor by the choice of an id.
            Keep(activity, Random.Shared.NextDouble() < part);
        }

        if (!isCall)
        {
            return PlainAsync(activity, http, next);
        }

        activity.DisplayName = served!.Contract.FullName;
        return next(http);
    }

    private static void Keep(Activity activity, bool isKept) => activity.ActivityTraceFlags = isKept
        ? activity.ActivityTraceFlags | ActivityTraceFlags.Recorded
        : activity.ActivityTraceFlags & ~ActivityTraceFlags.Recorded;

    // Photos, uploads, the web app: what the semantic conventions of HTTP tell.
    private static async Task PlainAsync(Activity activity, HttpContext http, RequestDelegate next)
    {
        await next(http).ConfigureAwait(false);
        var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        activity.DisplayName = route is null ? http.Request.Method : $"{http.Request.Method} {route}";
        activity.SetTag(MeshTags.HttpMethod, http.Request.Method);
        activity.SetTag(MeshTags.HttpRoute, route);
        activity.SetTag(MeshTags.HttpStatus, http.Response.StatusCode);
        if (http.Response.StatusCode >= 500)
        {
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }
}
