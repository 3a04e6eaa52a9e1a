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

    /// <summary>Which field of the request named it, as in the .proto: "user_id"; told in <c>google.rpc.BadRequest</c> details. Null (default):
    /// none, or nobody says.</summary>
    public string? Field { get; init; }

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.NotFound;
}
