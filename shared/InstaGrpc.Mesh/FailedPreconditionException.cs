using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>The system is not in the state that the call needs: FAILED_PRECONDITION. Repeating it without a change does not help.</summary>
public sealed class FailedPreconditionException(string message) : DomainException(message)
{
    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.FailedPrecondition;
}
