using System.Collections.Concurrent;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>What all reads of a process share.</summary>
internal sealed class CacheRuntime
{
    private readonly ConcurrentDictionary<NodeName, NodeState> _nodes = new();
    private readonly Func<NodeName, NodeState> _makeNode;

    public CacheRuntime(MemcachedPool? pool, INodeClock clock, CacheOptions options, TimeProvider time)
    {
        Keys.KeyLayout.Checked(options.Prefix);
        Pool = pool;
        Clock = clock;
        Options = options;
        Time = time;
        Seen = new SeenTable(options.TableEntries);
        Marks = new SeenTable(options.TableEntries);
        Versions = new SeenTable(options.TableEntries);
        Copies = new CopyStore(options.L1Bytes, options.TableEntries);
        Refills = new RefillSchedule(this);
        _makeNode = node => new NodeState(node, this);
    }

    public MemcachedPool? Pool { get; }

    public INodeClock Clock { get; }

    public CacheOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>Key -> fill id, and when it was last seen valid.</summary>
    public SeenTable Seen { get; }

    /// <summary>Key -> CAS of a lease that somebody else holds, and since when (<see cref="MonotonicNow"/>).</summary>
    public SeenTable Marks { get; }

    /// <summary>Group -> last known version.</summary>
    public SeenTable Versions { get; }

    public CopyStore Copies { get; }

    public DropStripes Stripes { get; } = new();

    public FlightTable Flights { get; } = new();

    public IEnumerable<NodeState> Nodes => _nodes.Values;

    /// <summary>Refills that wait for their interval.</summary>
    public RefillSchedule Refills { get; }

    public BackgroundWork Background { get; } = new();

    /// <summary>The process's clock, which nobody sets, in a form that the tables hold.</summary>
    public DateTime MonotonicNow => new(Time.GetElapsedTime(0).Ticks);

    public NodeState Node(NodeName node) => _nodes.GetOrAdd(node, _makeNode);
}
