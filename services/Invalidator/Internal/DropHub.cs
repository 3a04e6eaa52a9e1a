using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The nodes whose lineage runs in this process.</summary>
internal sealed class DropHub
{
    private readonly ConcurrentDictionary<NodeName, NodeDrops> _nodes = new();

    public bool TryFind(NodeName node, [NotNullWhen(true)] out NodeDrops? drops) => _nodes.TryGetValue(node, out drops);

    public NodeDrops Open(NodeName node, long owner, int queue)
    {
        var drops = new NodeDrops(owner, queue);
        _nodes[node] = drops;
        return drops;
    }

    public void Close(NodeName node, NodeDrops drops)
    {
        _nodes.TryRemove(KeyValuePair.Create(node, drops));
        drops.Dispose();
    }
}
