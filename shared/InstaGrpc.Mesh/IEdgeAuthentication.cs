using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh;

/// <summary>Finds out who calls a service that is reached from outside (<see cref="MeshBuilder.AddEdge{TGrpcService}"/>).</summary>
public interface IEdgeAuthentication
{
    /// <summary>What the request proves. Never throws for what the caller sent: a bad proof is a <see cref="EdgeCaller.Refusal"/>. What it throws
    /// because it can't tell becomes the call's status, as if a handler had thrown it.</summary>
    ValueTask<EdgeCaller> AuthenticateAsync(HttpContext http);
}
