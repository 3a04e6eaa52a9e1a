using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>PostgreSQL's clock as this process knows it: an offset against the process's monotonic clock, measured on connections of its own.</summary>
public interface INodeClock
{
    /// <summary>The node's time. False while there is no measurement: then nothing is served from the cache.</summary>
    /// <param name="node">A node of the mesh, or the directory's.</param>
    /// <param name="now">UTC.</param>
    bool TryGetNow(NodeName node, out DateTime now);
}
