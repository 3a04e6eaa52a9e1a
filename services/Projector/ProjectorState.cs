namespace InstaGrpc.Services.Projector;

/// <summary>What the worker of a node does in this process.</summary>
public enum ProjectorState
{
    /// <summary>Another process folds the node's stream; this one takes over when it ends.</summary>
    StandingBy,

    /// <summary>Elected, and looking for its place in the stream.</summary>
    Starting,

    /// <summary>Folding.</summary>
    Folding,

    /// <summary>It failed, and tries again.</summary>
    Failing,

    /// <summary>The process ends.</summary>
    Stopped,
}
