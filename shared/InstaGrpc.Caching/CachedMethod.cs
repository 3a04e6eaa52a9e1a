using System.Collections.Concurrent;
using Google.Protobuf;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>A method whose contract declares a cache. Made once for each process by <see cref="CachedReads.For"/>.</summary>
public sealed class CachedMethod
{
    private readonly ConcurrentDictionary<NodeName, MethodOnNode> _onNodes = new();
    private readonly Func<IMessage, bool> _hasUnknownFields;
    private MethodOnNode? _last;
    private readonly int _idInKey;
    private CacheSettings _settings;

    internal CachedMethod(MethodContract contract)
    {
        Contract = contract;
        Policy = contract.Policy.Cache ?? throw new ArgumentException($"{contract.FullName} declares no cache.", nameof(contract));
        _settings = CacheSettings.Of(Policy);
        _hasUnknownFields = UnknownFields.Of(contract.Descriptor.InputType);
        _idInKey = contract.Policy.ShardKey is { } id ? Policy.Key.ToList().FindIndex(field => field.Name == id.Path) : -1;
    }

    /// <summary>The contract.</summary>
    public MethodContract Contract { get; }

    /// <summary>What the contract declares.</summary>
    public CachePolicy Policy { get; }

    /// <summary>How it is served now. Takes effect with the next read.</summary>
    /// <exception cref="ArgumentException">The value widens what the contract promises to callers.</exception>
    public CacheSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set
        {
            if (value.MaxStale > Policy.MaxStale)
            {
                throw new ArgumentException(
                    $"{Contract.FullName} promises max_stale_ms {Policy.MaxStale.TotalMilliseconds:0}; {value.MaxStale.TotalMilliseconds:0} would widen it.");
            }

            Volatile.Write(ref _settings, value);
        }
    }

    internal MethodCounters Counters { get; } = new();

    /// <inheritdoc/>
    public override string ToString() => Contract.FullName;

    internal bool HasUnknownFields(IMessage request) => _hasUnknownFields(request);

    /// <summary>What a request's answer is about; null: the method has no shard key.</summary>
    internal long? IdOf(IMessage request) => Contract.Policy.ShardKey?.Read(request).Integer;

    /// <summary>What an item of a batch is about.</summary>
    internal long? IdOf(IItemKeys items, int item) => _idInKey < 0 ? null : items.Read(item, _idInKey).Integer;

    internal MethodOnNode? On(NodeName node)
    {
        // Most methods are read on one node, or on the same one again.
        var last = Volatile.Read(ref _last);
        if (last is not null && last.Node.Name == node)
        {
            return last;
        }

        if (_onNodes.TryGetValue(node, out var at))
        {
            Volatile.Write(ref _last, at);
        }

        return at;
    }

    internal void Use(NodeName node, MethodOnNode? at)
    {
        if (at is null)
        {
            _onNodes.TryRemove(node, out _);
        }
        else
        {
            _onNodes[node] = at;
        }

        Volatile.Write(ref _last, at);
    }
}
