using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;

namespace InstaGrpc.Caching.Internal;

/// <summary>The clocks that the PostgreSQL side measures.</summary>
internal sealed class DatabaseNodeClock(DatabaseClock clock) : INodeClock
{
    public bool TryGetNow(NodeName node, out DateTime now)
    {
        var known = clock.TryGetNow(node, out var at);
        now = at.UtcDateTime;
        return known;
    }
}
