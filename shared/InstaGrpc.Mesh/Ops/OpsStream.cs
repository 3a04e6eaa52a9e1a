namespace InstaGrpc.Mesh.Ops;

/// <summary>A node's change stream.</summary>
/// <param name="Node">The node.</param>
/// <param name="Streaming">Whether any process publishes it.</param>
/// <param name="LagBytes"><c>insta_changes_lag_bytes</c>.</param>
/// <param name="Records">Records published.</param>
/// <param name="Failures">Sessions that ended in an error.</param>
/// <param name="Delay"><c>insta_changes_publish_delay_seconds</c>.</param>
/// <param name="ProjectorDelay"><c>insta_projector_delay_seconds</c>.</param>
public sealed record OpsStream(
    string Node, bool Streaming, long LagBytes, long Records, long Failures, OpsHistogram Delay, OpsHistogram ProjectorDelay)
{
    /// <summary>Of two processes.</summary>
    public static OpsStream Sum(OpsStream one, OpsStream other) => new(
        one.Node, one.Streaming || other.Streaming, Math.Max(one.LagBytes, other.LagBytes), one.Records + other.Records,
        one.Failures + other.Failures, OpsHistogram.Sum(one.Delay, other.Delay), OpsHistogram.Sum(one.ProjectorDelay, other.ProjectorDelay));
}
