using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>
/// A failure that callers are meant to see. The mesh's error table turns it into a gRPC status; the message goes to the caller as it
/// is, so it holds nothing of the inside. Any other exception that leaves a handler is INTERNAL, with a trace id and nothing else.
/// </summary>
public abstract class DomainException : Exception
{
    private protected DomainException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>The status that a caller gets.</summary>
    public abstract StatusCode StatusCode { get; }
}
