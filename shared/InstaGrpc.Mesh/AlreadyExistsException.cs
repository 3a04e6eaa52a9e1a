using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>What the call would make is there already: ALREADY_EXISTS.</summary>
public sealed class AlreadyExistsException(string message) : DomainException(message)
{
    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.AlreadyExists;
}
