namespace InstaGrpc.Caching;

/// <summary>Which server of a node a handler run reads.</summary>
public enum ReadSource
{
    /// <summary>The primary.</summary>
    Primary,

    /// <summary>A follower that has replayed the run's fence. The check is a statement of its own, before the handler's snapshot.</summary>
    Follower,
}
