namespace InstaGrpc.Robustness.Model.Group;

/// <summary>A page's value is the number of commits that it includes; every commit changes the list.</summary>
public struct GroupState
{
    public sbyte Written, Visible, Replayed, Lo, Hi;
    public InvalidatorAt Invalidator;

    /// <summary>The version item; 0: absent.</summary>
    public sbyte Version;

    /// <summary>The page under each version that somebody still knows.</summary>
    public Five<Page> Pages;

    public sbyte Cas, Versions, Evictions;
    public Pair<Reader> Readers;
}

public enum InvalidatorAt : byte
{
    Idle,
    WroteHi,
    Deleted,
}

/// <summary>Version 0: absent.</summary>
public struct Page
{
    public const sbyte Stub = -1;

    public sbyte Version, Value, Cas;
}

public enum ReaderAt : byte
{
    Idle,
    KnowsWatermark,
    FoundNoVersion,
    KnowsVersion,
    Won,
    HasFence,
    HasValue,
}

public struct Reader
{
    public ReaderAt At;
    public sbyte Lo, Version, Cas, Fence, Value;
}
