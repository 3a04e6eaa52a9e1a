namespace InstaGrpc.Robustness.Model.Lag;

/// <summary>Values are numbers of changes.</summary>
public struct LagState
{
    public sbyte Now, Rows, Lo, Replayed, AsOf;

    /// <summary>When change n + 1 became visible.</summary>
    public Pair<sbyte> VisibleAt;

    /// <summary>The newest heartbeat in the stream: its time, and the changes before it.</summary>
    public sbyte HeartbeatAt, HeartbeatAfter;

    /// <summary>The entry; -1: none or a stub. <see cref="Lease"/>: who may fill (reader + 1; 0: nobody).</summary>
    public sbyte Value, FilledAt, Lease;

    public Pair<Reader> Readers;
}

public enum ReaderAt : byte
{
    Idle,
    KnowsWatermark,
    Won,
    HasFence,
    HasValue,
}

public struct Reader
{
    public ReaderAt At;
    public sbyte AsOf, Fence, Value, FilledAt;
}
