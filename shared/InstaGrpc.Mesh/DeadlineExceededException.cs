using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>The call's time is over: DEADLINE_EXCEEDED.</summary>
public sealed class DeadlineExceededException(string message) : DomainException(message)
{
    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.DeadlineExceeded;
}
