using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Conformance;

/// <summary>A mesh without database and memcached: no node has a clock, no contract has a number, so nothing is ever cached.</summary>
internal sealed class WithoutCache : INodeClock, IContractNumbers
{
    public int Version => 0;

    public bool TryGetNow(NodeName node, out DateTime now)
    {
        now = default;
        return false;
    }

    public AnnouncedKey? Find(string method, NodeName node) => null;
}
