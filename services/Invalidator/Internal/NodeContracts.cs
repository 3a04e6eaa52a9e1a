using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The announced contracts as one node's stream concerns them, at one moment. Immutable: a batch is marked, and its watermark's
/// <c>contracts</c> raised, by the same one.</summary>
internal sealed class NodeContracts
{
    private readonly Dictionary<string, InvalidationRule[]> _rules;
    private readonly (long Number, ReplayPosition From)[] _honourable;

    /// <param name="epoch">The directory's.</param>
    /// <param name="understood">All numbers up to it are loaded here, with an encoder that this build knows.</param>
    /// <param name="rules">By table.</param>
    /// <param name="honourable">Numbers without a hole, from the first on, that have an answer on this node, and the position from which on their changes
    /// are in the stream (the origin: from ever).</param>
    public NodeContracts(
        long epoch, long understood, Dictionary<string, InvalidationRule[]> rules, IReadOnlyList<(long Number, ReplayPosition From)> honourable)
    {
        Epoch = epoch;
        Understood = understood;
        _rules = rules;
        // A number is honoured only together with all before it: the position of each is the furthest so far.
        _honourable = new (long, ReplayPosition)[honourable.Count];
        var furthest = ReplayPosition.Origin;
        for (var i = 0; i < _honourable.Length; i++)
        {
            furthest = honourable[i].From > furthest ? honourable[i].From : furthest;
            _honourable[i] = (honourable[i].Number, furthest);
        }
    }

    public long Epoch { get; }

    public long Understood { get; }

    public ReadOnlySpan<InvalidationRule> RulesOf(string table) => _rules.TryGetValue(table, out var rules) ? rules : [];

    /// <summary>Up to which number contracts are honoured once everything up to <paramref name="lo"/> is applied.</summary>
    public ContractNumber HonouredAt(ReplayPosition lo)
    {
        var low = 0;
        var high = _honourable.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_honourable[middle].From <= lo)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return new ContractNumber(Epoch, low == 0 ? 0 : _honourable[low - 1].Number);
    }
}
