namespace InstaGrpc.Robustness.Model.L1;

/// <summary>A value is the number of changes of the row that it includes.</summary>
public struct L1State
{
    public const sbyte Absent = -1;

    public sbyte Rows, Lo, Hi;
    public InvalidatorAt Invalidator;

    /// <summary>memcached: the value, and who holds the lease (reader + 1; 0: nobody).</summary>
    public sbyte Item, ItemLease;

    /// <summary>The process's own copy, with the lo that it was put there with.</summary>
    public sbyte Local, LocalLo;

    public StreamAt Stream;

    /// <summary>Whether the process watches the lineage that owns the watermark.</summary>
    public bool StreamIsOwners = true;

    public bool TookOver;
    public sbyte DropsUnderWay, Breaks;
    public Pair<Reader> Readers;

    /// <summary>A look-up that has found a copy and goes through its checks.</summary>
    public LookAt Look;

    /// <summary>What it has found.</summary>
    public sbyte Found;

    /// <summary>Whether the counter was raised since; whether it was answered with less than was applied, every drop having arrived.</summary>
    public bool FoundIsVoid, AnsweredOld;

    public L1State()
    {
    }
}

public enum InvalidatorAt : byte
{
    Idle,
    WroteHi,
    Invalidated,
    SentDrop,
}

public enum LookAt : byte
{
    None,
    Found,

    /// <summary>One of the two checks is passed.</summary>
    Half,
}

public enum StreamAt : byte
{
    /// <summary>Noticed as lost: L1 is off.</summary>
    Closed,
    Open,

    /// <summary>Lost, but not silent for long enough to be noticed.</summary>
    Broken,
}

public enum ReaderAt : byte
{
    Idle,
    KnowsLo,
    Won,
    HasValue,
    HasAnswer,
}

/// <summary>Instead of the counter's number: whether it was raised since this reader looked at it.</summary>
public struct Reader
{
    public ReaderAt At;
    public sbyte Lo, Value;
    public bool CounterWasRaised;
}
