using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector;

/// <summary>Where the worker of a node stands in this process. Thread-safe.</summary>
public sealed class ProjectorStatus(NodeName node)
{
    private volatile Moment _now = new(ProjectorState.Starting, "");

    public NodeName Node => node;

    public ProjectorState State => _now.State;

    /// <summary>Why it is failing; empty otherwise.</summary>
    public string Reason => _now.Reason;

    internal void Become(ProjectorState state, string reason = "") => _now = new Moment(state, reason);

    private sealed record Moment(ProjectorState State, string Reason);
}
