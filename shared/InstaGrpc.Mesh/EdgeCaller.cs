using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh;

/// <summary>Who a call from outside proved to be.</summary>
/// <param name="Caller">Anonymous when nothing was proved.</param>
/// <param name="Refusal">Why the proof that was given does not count, in words for the caller; null: none was given, or it is good.</param>
/// <param name="Until">When the proof ends; null: it does not. A stream ends with it.</param>
public sealed record EdgeCaller(Caller Caller, string? Refusal = null, DateTimeOffset? Until = null)
{
    /// <summary>Nobody, who did not say otherwise.</summary>
    public static EdgeCaller Anonymous { get; } = new(Caller.Anonymous);
}
