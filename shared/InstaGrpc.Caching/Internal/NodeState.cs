using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>What this process keeps for one node: its admission limit, its watermark on each server, and whether its drops arrive.</summary>
internal sealed class NodeState(NodeName node, CacheRuntime runtime)
{
    private readonly byte[] _watermarkKey = KeyLayout.Watermark(runtime.Options.Prefix, node);
    private readonly Lock _lock = new();
    private WatermarkSlot[] _slots = [];

    public NodeName Name => node;

    public CacheRuntime Runtime => runtime;

    public Admission Admission { get; } = new(node, runtime.Options.AdmissionPerNode, runtime.Options.AdmissionQueue, runtime.Time);

    public DropFeed Drops { get; } = new(runtime.Stripes, runtime.Time);

    /// <summary>The watermark's slot on a server. A handful of servers: looking through them is quicker than hashing.</summary>
    public WatermarkSlot On(MemcachedServer server)
    {
        foreach (var slot in Volatile.Read(ref _slots))
        {
            if (ReferenceEquals(slot.Server, server))
            {
                return slot;
            }
        }

        lock (_lock)
        {
            foreach (var slot in _slots)
            {
                if (ReferenceEquals(slot.Server, server))
                {
                    return slot;
                }
            }

            var added = new WatermarkSlot(server, _watermarkKey, runtime.Time);
            Volatile.Write(ref _slots, [.. _slots, added]);
            return added;
        }
    }
}
