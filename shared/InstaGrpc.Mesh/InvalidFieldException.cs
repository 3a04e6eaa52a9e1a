using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>A request field that cannot be what it is: INVALID_ARGUMENT with <c>google.rpc.BadRequest</c> details.</summary>
public sealed class InvalidFieldException : DomainException
{
    /// <summary>One field.</summary>
    /// <param name="field">Path in the request, as in the .proto: "page_size", "blob_ids[3]".</param>
    /// <param name="message">What is wrong with it and what would be right: "must be 0 to 100".</param>
    public InvalidFieldException(string field, string message)
        : this([new FieldViolation(field, message)])
    {
    }

    /// <summary>Several fields at once.</summary>
    public InvalidFieldException(IReadOnlyList<FieldViolation> violations)
        : base(string.Join("; ", violations.Select(v => $"{v.Field}: {v.Description}"))) => Violations = violations;

    /// <summary>Every field that is wrong; at least one.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; }

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.InvalidArgument;
}
