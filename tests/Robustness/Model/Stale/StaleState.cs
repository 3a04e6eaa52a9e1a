namespace InstaGrpc.Robustness.Model.Stale;

/// <summary>A value is the number of changes of the row that it includes.</summary>
public struct StaleState
{
    public sbyte Now, Rows, Applied;

    /// <summary>When change n + 1 was applied: since then a value of n changes is stale.</summary>
    public Pair<sbyte> OvertakenAt;

    public Item Item;
    public sbyte Cas, Fills, Evictions;

    /// <summary>Handler runs since the last change was applied (counted only where they are bounded).</summary>
    public sbyte Refills;

    public Pair<Process> Processes;
}

/// <summary>Fill id 0: a stub.</summary>
public struct Item
{
    public static readonly Item Absent;

    public bool IsPresent, Marked, Won;
    public sbyte FillId, Value, FilledAt, Cas;
}

public enum ProcessAt : byte
{
    Idle,
    Won,
    HasValue,
    Overtaken,
    Keeping,
    Kept,
}

/// <summary><see cref="WonFill"/>: the fill id (0: the stub) that stood there at the win.</summary>
public struct Process
{
    public ProcessAt At;
    public sbyte Cas, WonFill, Value, FilledAt, SeenFill, SeenAt;

    /// <summary>The turn is over; what was seen is remembered.</summary>
    public void Rest() => this = new Process { SeenFill = SeenFill, SeenAt = SeenAt };
}
