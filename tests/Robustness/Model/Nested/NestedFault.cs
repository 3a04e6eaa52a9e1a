namespace InstaGrpc.Robustness.Model.Nested;

public enum NestedFault
{
    None,

    /// <summary>The handler's read of the inner method carries no token.</summary>
    WithoutFence,

    /// <summary>The handler's read of the inner method does not say <c>insta-max-stale-ms: 0</c>.</summary>
    MayBeStale,
}
