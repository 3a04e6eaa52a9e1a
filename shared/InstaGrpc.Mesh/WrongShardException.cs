using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>
/// The shard of the call's id is not here (any more): FAILED_PRECONDITION with the trailer <c>insta-epoch</c>. A caller of this mesh
/// refreshes its shard map and repeats the call once, invisibly.
/// </summary>
/// <param name="epoch">The shard map's epoch as this process knows it.</param>
public sealed class WrongShardException(long epoch)
    : DomainException(FormattableString.Invariant($"the shard map has changed; its epoch is {epoch}"))
{
    /// <summary>The shard map's epoch as this process knows it.</summary>
    public long Epoch { get; } = epoch;

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.FailedPrecondition;
}
