namespace InstaGrpc.Robustness.Model.Flight;

/// <summary>
/// One key; one process with two callers and up to two flights; another process that may win too. Values are numbers of changes.
/// </summary>
public struct FlightState
{
    public sbyte Rows, Replayed, Lo, Hi;
    public InvalidatorAt Invalidator;
    public Item Item;
    public sbyte Cas, Evictions;
    public Pair<Flight> Flights;
    public Pair<Caller> Callers;

    /// <summary>The CAS of the other process's win; 0: it has none.</summary>
    public sbyte OtherCas;
}

public enum InvalidatorAt : byte
{
    Idle,
    WroteHi,
    Marked,
}

/// <summary>CAS 0: absent. Value -1: a stub. <see cref="Fence"/>: from the value's header.</summary>
public struct Item
{
    public const sbyte Stub = -1;

    public sbyte Cas, Value, Fence;
    public bool Marked, Won;
}

public enum FlightAt : byte
{
    None,
    Won,
    HasFence,

    /// <summary>The handler was started; its snapshot is taken.</summary>
    HasValue,
}

public struct Flight
{
    public FlightAt At;
    public bool OnPrimary;
    public sbyte Cas, Fence, Value;
}

public enum CallerAt : byte
{
    Idle,
    Asking,
    InFlight,
}

/// <summary><see cref="Lo"/>: as it was before the caller's mg. A hit or a fresh fill may not be older.</summary>
public struct Caller
{
    public CallerAt At;
    public bool StartedIt, JoinedEarly;
    public sbyte Token, Lo, Flight;
}
