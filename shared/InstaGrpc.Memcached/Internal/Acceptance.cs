namespace InstaGrpc.Memcached.Internal;

/// <summary>What became of a command by one reply line.</summary>
internal enum Acceptance
{
    /// <summary>More lines belong to it.</summary>
    More,

    /// <summary>It is complete; its caller is to be woken.</summary>
    Complete,

    /// <summary>Its last line came, but its caller has given up before.</summary>
    Dropped,
}
