using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>The caller did not prove who he is: UNAUTHENTICATED.</summary>
public sealed class UnauthenticatedException(string message) : DomainException(message)
{
    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.Unauthenticated;
}
