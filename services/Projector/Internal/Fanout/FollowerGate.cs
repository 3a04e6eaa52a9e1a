using System.Collections.Concurrent;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>How many of the fan-out's reads may be under way on a node at a time, whichever nodes' jobs they are for: they would otherwise
/// take every connection of its pool, from the fold and from the storing of progress.</summary>
internal sealed class FollowerGate : IDisposable
{
    private const int Most = 8;

    private readonly ConcurrentDictionary<NodeName, SemaphoreSlim> _nodes = new();

    public async ValueTask<T> ReadAsync<T>(NodeName node, Func<CancellationToken, ValueTask<T>> read, CancellationToken cancellation)
    {
        var gate = _nodes.GetOrAdd(node, static _ => new SemaphoreSlim(Most));
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await read(cancellation).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose()
    {
        foreach (var gate in _nodes.Values)
        {
            gate.Dispose();
        }
    }
}
