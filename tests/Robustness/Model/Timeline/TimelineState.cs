namespace InstaGrpc.Robustness.Model.Timeline;

/// <summary>LSN n of timeline 1 is its n-th commit; timeline 2 goes on from the fork, so its LSNs run over the same numbers.</summary>
public struct TimelineState
{
    public bool IsPromoted;

    /// <summary>Commits of the old primary, of the standby that is promoted (then: the fork), of a follower that stays behind.</summary>
    public sbyte Old, Standby, Other;

    /// <summary>Commits of the new primary.</summary>
    public sbyte New;

    /// <summary>The watermark: timeline, and lo = hi in that timeline's LSNs.</summary>
    public sbyte Timeline, Lo;

    /// <summary>The entry of the live generation: commits of either timeline that it includes; <see cref="HasItem"/> false: none.</summary>
    public bool HasItem;
    public sbyte ItemOld, ItemNew;
}
