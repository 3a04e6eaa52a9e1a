namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>One key on one memcached, its node, two lineages and two readers. A value is the number of commits that it includes.</summary>
public struct LeaseState
{
    /// <summary>Commits whose record is in the WAL, that sessions can see, that are in Kafka, that the follower has replayed.</summary>
    public sbyte Written, Visible, Published, Replayed;

    public Watermark Watermark;

    /// <summary>The key's entries under the generations that somebody still knows.</summary>
    public Five<Entry> Entries;

    /// <summary>memcached's CAS counter.</summary>
    public sbyte Cas;

    /// <summary>Generations given out so far.</summary>
    public sbyte Generations;

    public sbyte Restarts, Evictions;
    public Pair<Lineage> Lineages;
    public Pair<Reader> Readers;
}

/// <summary>Generation 0: absent.</summary>
public struct Watermark
{
    public sbyte Generation, Lo, Hi, Owner, Cas;
}

/// <summary>Generation 0: absent. <see cref="Value"/> -1: a stub.</summary>
public struct Entry
{
    public const sbyte Stub = -1;

    public sbyte Generation, Value, Cas;
    public bool Marked, Won;
}

public enum LineageAt : byte
{
    /// <summary>Has no watermark in hand: begins, takes over or ends.</summary>
    Begin,
    Idle,
    Invalidating,
    Invalidated,

    /// <summary>Found a higher owner: a zombie, for good.</summary>
    Ended,
}

/// <summary><see cref="Cas"/>: of the watermark as this lineage wrote it last; -1 after a write that failed.</summary>
public struct Lineage
{
    public LineageAt At;
    public sbyte Generation, Position, BatchEnd, Cas;
}

public enum ReaderAt : byte
{
    Idle,
    KnowsWatermark,
    Won,
    HasFence,
    CheckedFollower,

    /// <summary>Only with the fault <see cref="LeaseFault.FenceCheckedInSnapshot"/>: has a snapshot that it did not check yet.</summary>
    HasUncheckedSnapshot,
    HasValue,
    Overtaken,
    Kept,
}

public struct Reader
{
    public ReaderAt At;
    public sbyte Generation, Lo, Cas, Fence, Value;
}
