using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>
/// What the call names does not exist: NOT_FOUND. Thrown by the handler of a cached method it is cached as "absent".
/// </summary>
public sealed class EntityNotFoundException : DomainException
{
    /// <summary>With a message of its own.</summary>
    public EntityNotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>"media 42 does not exist".</summary>
    public EntityNotFoundException(string kind, long id)
        : base(FormattableString.Invariant($"{kind} {id} does not exist"))
    {
    }

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.NotFound;
}
