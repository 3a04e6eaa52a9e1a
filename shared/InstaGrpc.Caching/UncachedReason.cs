namespace InstaGrpc.Caching;

/// <summary>Why an answer went past the cache.</summary>
public enum UncachedReason
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>An operator's kill switch, or no memcached is configured.</summary>
    Off,

    /// <summary>The contract is not announced (yet), or was refused on this node.</summary>
    NotAnnounced,

    /// <summary>The request holds fields that this build does not know, or a value that no key can hold.</summary>
    Request,

    /// <summary>The memcached server can't be reached or did not answer in time.</summary>
    ServerDown,

    /// <summary>The server has no watermark of this node: no invalidator looks after it.</summary>
    NoWatermark,

    /// <summary>The watermark is of another placement of keys.</summary>
    OtherRing,

    /// <summary>The invalidator has not reached this contract yet.</summary>
    NotHonoured,

    /// <summary>The item's bytes are no entry of this build's format.</summary>
    Unreadable,

    /// <summary>This process does not know PostgreSQL's time yet.</summary>
    NoClock,

    /// <summary>The caller's token is ahead of what is invalidated, and stayed so for 10 ms.</summary>
    TokenAhead,

    /// <summary>The caller's token is of a timeline that the stream has not reached.</summary>
    OtherTimeline,

    /// <summary>The generation changed between the lease and the fence.</summary>
    GenerationChanged,

    /// <summary>Somebody else holds the lease, and half of the caller's time is over.</summary>
    WaitedLongEnough,

    /// <summary>The lease was lost again and again.</summary>
    LostTooOften,
}
