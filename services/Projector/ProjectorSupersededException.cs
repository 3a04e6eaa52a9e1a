using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector;

/// <summary>Another worker has moved the position on: this one's transaction was rolled back, and it ends.</summary>
public sealed class ProjectorSupersededException(NodeName source, NodeName target)
    : Exception($"The position of {source}'s stream on {target} was moved on by somebody else.");
