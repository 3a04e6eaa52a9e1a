using System.Net;
using Grpc.Core;
using InstaGrpc.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Who calls, and may he? <c>insta-caller</c> is believed only from the internal listener; from anywhere else it is as if it were not
/// there.
/// </summary>
internal sealed class CallerInterceptor(IOptions<MeshOptions> options) : CheckInterceptor
{
    private readonly int[] _external = [.. options.Value.Mesh.ExternalPorts];
    private readonly int[] _internal = [.. options.Value.Mesh.InternalPorts];

    protected override void Check(MeshCallContext call)
    {
        call.Caller = ReadCaller(call);
        if (call.Contract.Policy.Permits(call.Caller))
        {
            return;
        }

        throw call.Caller.Kind == CallerKind.Anonymous
            ? new UnauthenticatedException($"{call.Contract.FullName} needs a caller: {string.Join(", ", call.Contract.Policy.Allow)}")
            : new PermissionDeniedException(
                $"{call.Caller} may not call {call.Contract.FullName}; it allows {string.Join(", ", call.Contract.Policy.Allow)}");
    }

    private Caller ReadCaller(MeshCallContext call)
    {
        string? caller = null;
        string? onBehalfOf = null;
        var headers = call.RequestHeaders;
        for (var i = 0; i < headers.Count; i++)
        {
            var entry = headers[i];
            if (entry.Key == MetadataNames.Caller)
            {
                caller = caller is null ? entry.Value : throw Twice(MetadataNames.Caller);
            }
            else if (entry.Key == MetadataNames.OnBehalfOf)
            {
                onBehalfOf = onBehalfOf is null ? entry.Value : throw Twice(MetadataNames.OnBehalfOf);
            }
        }

        if ((caller is null && onBehalfOf is null) || !IsTrusted(call.Http.Connection))
        {
            return Caller.Anonymous;
        }

        return Caller.TryParse(caller, onBehalfOf, out var read)
            ? read
            : throw new InvalidFieldException(MetadataNames.Caller,
                "must be user:ID, service:NAME or admin; insta-on-behalf-of (a user's id) only beside a service");
    }

    private static InvalidFieldException Twice(string name) => new(name, "is given twice");

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
