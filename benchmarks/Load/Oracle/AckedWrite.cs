using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Load.Oracle;

/// <summary>A write that was acknowledged, and from when on everybody must see it. Times are timestamps of <see cref="System.Diagnostics.Stopwatch"/>;
/// <see cref="Never"/> until it is known.</summary>
/// <param name="subject">The post's or comment's id; of a like, the user's.</param>
/// <param name="writer">Whose it is: a read with his token shows it at once.</param>
/// <param name="node">Where it was written.</param>
/// <param name="position">The end of its transaction.</param>
/// <param name="ackedAt">When its caller had the answer.</param>
internal sealed class AckedWrite(long subject, long writer, NodeName node, TokenPosition position, long ackedAt)
{
    public const long Never = long.MaxValue;

    private long _appliedAt = Never;
    private long _countedAt = Never;
    private long _fannedOutAt = Never;

    public long Subject => subject;

    public long Writer => writer;

    public NodeName Node => node;

    public TokenPosition Position => position;

    public long AckedAt => ackedAt;

    /// <summary>Every memcached server is invalidated up to it: cached reads that begin later show it.</summary>
    public long AppliedAt
    {
        get => Volatile.Read(ref _appliedAt);
        set => Volatile.Write(ref _appliedAt, value);
    }

    /// <summary>It is folded into the counts, and memcached is invalidated up to that.</summary>
    public long CountedAt
    {
        get => Volatile.Read(ref _countedAt);
        set => Volatile.Write(ref _countedAt, value);
    }

    /// <summary>Its followers' timelines have it.</summary>
    public long FannedOutAt
    {
        get => Volatile.Read(ref _fannedOutAt);
        set => Volatile.Write(ref _fannedOutAt, value);
    }
}
