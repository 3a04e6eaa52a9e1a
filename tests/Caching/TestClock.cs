using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Tests;

/// <summary>PostgreSQL's clock, as one process of the test knows it: the machine's, moved.</summary>
internal sealed class TestClock : INodeClock
{
    private long _aheadTicks;

    public bool IsMeasured { get; set; } = true;

    public TimeSpan Ahead
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _aheadTicks));
        set => Interlocked.Exchange(ref _aheadTicks, value.Ticks);
    }

    public DateTime Now => DateTime.UtcNow + Ahead;

    public bool TryGetNow(NodeName node, out DateTime now)
    {
        now = Now;
        return IsMeasured;
    }
}
