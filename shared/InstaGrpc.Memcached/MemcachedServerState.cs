namespace InstaGrpc.Memcached;

/// <summary>Whether a server can be asked.</summary>
public enum MemcachedServerState
{
    /// <summary>Nobody has asked it yet; the first command connects.</summary>
    Idle,

    /// <summary>The first connection is being made; commands wait for it.</summary>
    Connecting,

    /// <summary>At least one connection is open.</summary>
    Up,

    /// <summary>No connection is open, and the last attempt failed: commands fail at once while new attempts go on.</summary>
    Down,

    /// <summary>Disposed.</summary>
    Closed,
}
