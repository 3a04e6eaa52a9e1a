using System.Net;
using InstaGrpc.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Who calls, and may he? <c>insta-caller</c> is believed only from the internal listener; from anywhere else it is as if it were not
/// there, and whoever calls a service for outside is what its <see cref="IEdgeAuthentication"/> found.
/// </summary>
internal sealed class CallerCheck(IOptions<MeshOptions> options) : ICallCheck
{
    private readonly int[] _external = [.. options.Value.Mesh.ExternalPorts];
    private readonly int[] _internal = [.. options.Value.Mesh.InternalPorts];

    public void Check(MeshCallContext call)
    {
        call.Caller = ReadCaller(call);
        if (call.Contract.Policy.Permits(call.Caller))
        {
            return;
        }

        throw call.Caller.Kind == CallerKind.Anonymous
            ? new UnauthenticatedException(call.Http.Features.Get<EdgeCaller>()?.Refusal
                ?? $"{call.Contract.FullName} needs a caller: {string.Join(", ", call.Contract.Policy.Allow)}")
            : new PermissionDeniedException(
                $"{call.Caller} may not call {call.Contract.FullName}; it allows {string.Join(", ", call.Contract.Policy.Allow)}");
    }

    private Caller ReadCaller(MeshCallContext call)
    {
        var headers = call.Http.Request.Headers;
        var hasCaller = headers.TryGetValue(MetadataNames.Caller, out var caller);
        var hasOther = headers.TryGetValue(MetadataNames.OnBehalfOf, out var onBehalfOf);
        if ((!hasCaller && !hasOther) || !IsTrusted(call.Http.Connection))
        {
            return call.Http.Features.Get<EdgeCaller>()?.Caller ?? Caller.Anonymous;
        }

        if (caller.Count > 1 || onBehalfOf.Count > 1)
        {
            throw new InvalidFieldException(caller.Count > 1 ? MetadataNames.Caller : MetadataNames.OnBehalfOf, "is given twice");
        }

        return Caller.TryParse(caller, onBehalfOf, out var read)
            ? read
            : throw new InvalidFieldException(MetadataNames.Caller,
                "must be user:ID, service:NAME or admin; insta-on-behalf-of (a user's id) only beside a service");
    }

    private bool IsTrusted(ConnectionInfo connection)
    {
        if (_external.AsSpan().Contains(connection.LocalPort))
        {
            return false;
        }

        // No address: a transport inside the machine (a Unix socket, a test server).
        return connection.RemoteIpAddress is not { } remote || IPAddress.IsLoopback(remote)
            || _internal.AsSpan().Contains(connection.LocalPort) || connection.ClientCertificate is not null;
    }
}
