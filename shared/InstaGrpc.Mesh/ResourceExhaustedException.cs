using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>
/// A limit is reached: RESOURCE_EXHAUSTED. With <paramref name="retryAfter"/> the trailer <c>grpc-retry-pushback-ms</c> says when to
/// try again.
/// </summary>
/// <param name="message">Which limit.</param>
/// <param name="retryAfter">When another try makes sense; null: not said.</param>
public sealed class ResourceExhaustedException(string message, TimeSpan? retryAfter = null) : DomainException(message)
{
    /// <summary>When another try makes sense; null: not said.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.ResourceExhausted;
}
