namespace InstaGrpc.Services.Changes;

/// <summary>What the publisher of a node does in this process.</summary>
public enum PublisherState
{
    /// <summary>Another process publishes; this one takes over when it ends.</summary>
    StandingBy,

    /// <summary>Connecting, examining slot and topic.</summary>
    Starting,

    /// <summary>Publishing.</summary>
    Streaming,

    /// <summary>It failed, and tries again.</summary>
    Failing,

    /// <summary>The process ends.</summary>
    Stopped,
}
