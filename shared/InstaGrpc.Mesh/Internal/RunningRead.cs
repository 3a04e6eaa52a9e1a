using System.Collections.Concurrent;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal;

/// <summary>A handler run of a cached method, and the cached methods that it has called.</summary>
internal sealed class RunningRead(Guid id, HandlerRunContext context)
{
    private readonly ConcurrentDictionary<string, MethodContract> _called = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _calledUncached = new(StringComparer.Ordinal);

    public Guid Id { get; } = id;

    public HandlerRunContext Context { get; } = context;

    /// <summary>The cached methods that the handler has called: their tables are tables of its answer.</summary>
    public IEnumerable<MethodContract> Called => _called.Values;

    /// <summary>Methods without a cache that the handler has called: nobody would see their answers change.</summary>
    public IEnumerable<string> CalledUncached => _calledUncached.Keys;

    /// <summary>Notes a call that the handler makes.</summary>
    public void Note(string fullName, MethodContract? contract)
    {
        if (contract?.Policy is { } policy && (policy.Cache is not null || policy.Batch is not null))
        {
            _called[fullName] = contract;
        }
        else
        {
            _calledUncached[fullName] = true;
        }
    }
}
