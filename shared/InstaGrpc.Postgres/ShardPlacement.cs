using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres;

/// <summary>The shard map as it was at one epoch; immutable.</summary>
public sealed class ShardPlacement
{
    private readonly NodeName[] _nodes;
    private readonly long[] _epochs;

    internal ShardPlacement(long epoch, NodeName[] nodes, long[] epochs, IReadOnlyDictionary<NodeName, string> regions)
    {
        Epoch = epoch;
        _nodes = nodes;
        _epochs = epochs;
        Regions = regions;
    }

    /// <summary>Rises with each change of the map.</summary>
    public long Epoch { get; }

    /// <summary>Every node that the directory knows, with its region; nodes without a shard too.</summary>
    public IReadOnlyDictionary<NodeName, string> Regions { get; }

    /// <param name="shard">0 to 8,191.</param>
    public NodeName NodeOf(int shard) => _nodes[shard];

    public NodeName NodeOf(long id) => _nodes[new InstaId(id).Shard];

    /// <summary>The epoch at which the shard last changed its node.</summary>
    public long EpochOf(int shard) => _epochs[shard];

    /// <summary>Neighbouring shards of one node as ranges [start, end), in order; with <paramref name="sinceEpoch"/> only those that changed
    /// after it.</summary>
    public IEnumerable<(int Start, int End, NodeName Node)> Ranges(long sinceEpoch = -1)
    {
        var shard = 0;
        while (shard < InstaId.Shards)
        {
            if (_epochs[shard] <= sinceEpoch)
            {
                shard++;
                continue;
            }

            var start = shard;
            while (shard < InstaId.Shards && _nodes[shard] == _nodes[start] && _epochs[shard] > sinceEpoch)
            {
                shard++;
            }

            yield return (start, shard, _nodes[start]);
        }
    }
}
