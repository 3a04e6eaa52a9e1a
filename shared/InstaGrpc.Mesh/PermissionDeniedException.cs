using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>The caller is known and may not do this: PERMISSION_DENIED.</summary>
public sealed class PermissionDeniedException(string message) : DomainException(message)
{
    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.PermissionDenied;
}
