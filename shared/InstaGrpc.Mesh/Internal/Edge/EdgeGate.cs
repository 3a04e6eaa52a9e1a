using Grpc.AspNetCore.Server;
using Grpc.Core;
using InstaGrpc.Mesh.Internal.Server;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Edge;

/// <summary>
/// What stands before every gRPC method of the process. On a port for outside (<see cref="MeshListenerOptions.ExternalPorts"/>) only the
/// services of <see cref="MeshBuilder.AddEdge{TGrpcService}"/> are reached, where there is one; for all others it is as if they were not there, whoever asks. Calls of
/// an edge service learn here, on whatever port, who their caller proved to be; <see cref="CallerCheck"/> decides what he may.
/// </summary>
internal sealed partial class EdgeGate(
    IEnumerable<EdgeService> services, IOptions<MeshOptions> options, Shedding.LoadShedding shedding, MeshInstruments instruments,
    ILogger<EdgeGate> logger, IEdgeAuthentication? authentication = null)
{
    private readonly HashSet<string> _services = services.Select(static service => service.FullName).ToHashSet(StringComparer.Ordinal);
    private readonly int[] _external = [.. options.Value.Mesh.ExternalPorts];

    /// <summary>Puts itself before the methods of a service.</summary>
    public void Precede(IEndpointConventionBuilder service) => service.Add(builder =>
    {
        if (builder.RequestDelegate is not { } ordinary)
        {
            return;
        }

        var method = builder.Metadata.OfType<GrpcMethodMetadata>().FirstOrDefault()?.Method;
        if (method is not null && _services.Contains(method.ServiceName))
        {
            RequestDelegate authenticated = authentication is null ? ordinary
                : http => AuthenticateAsync(authentication, method, ordinary, http);
            builder.RequestDelegate = method.Type == MethodType.Unary ? shedding.Precede(method, authenticated) : authenticated;
        }
        else if (_external.Length > 0 && _services.Count > 0)
        {
            builder.RequestDelegate = http => _external.AsSpan().Contains(http.Connection.LocalPort)
                ? TrailersOnly.WriteAsync(http, StatusCode.Unimplemented, $"{http.Request.Path.Value?.TrimStart('/')} is not served here")
                : ordinary(http);
        }
    });

    private async Task AuthenticateAsync(IEdgeAuthentication authentication, IMethod method, RequestDelegate ordinary, HttpContext http)
    {
        EdgeCaller caller;
        try
        {
            caller = await authentication.AuthenticateAsync(http).ConfigureAwait(false);
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Before gRPC's server, and so outside of the boundary where exceptions become statuses.
            await RefuseAsync(method.FullName.TrimStart('/'), e, http).ConfigureAwait(false);
            return;
        }

        http.Features.Set(caller);
        await ordinary(http).ConfigureAwait(false);
    }

    private Task RefuseAsync(string method, Exception exception, HttpContext http)
    {
        var status = ErrorTable.Translate(exception, null, out var unexpected);
        if (unexpected)
        {
            LogUnexpected(method, exception);
        }
        else
        {
            LogUnavailable(method, exception.Message);
        }

        instruments.Called(method, status.StatusCode, TimeSpan.Zero);
        return TrailersOnly.WriteAsync(http, status.StatusCode, status.Status.Detail);
    }

    [LoggerMessage(EventIds.CallerFailed, LogLevel.Error, "{Method}: who calls can't be told")]
    private partial void LogUnexpected(string method, Exception exception);

    [LoggerMessage(EventIds.CallerUnavailable, LogLevel.Warning, "{Method}: who calls can't be told: {Reason}")]
    private partial void LogUnavailable(string method, string reason);
}
