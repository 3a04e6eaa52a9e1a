using System.Collections.Concurrent;
using Grpc.Core;

namespace InstaGrpc.Load.Oracle;

/// <summary>Writes whose outcome is not known, because their call failed. Each is repeated, which makes no double, until it is acknowledged.</summary>
internal sealed class Settlement
{
    private readonly ConcurrentQueue<Func<CancellationToken, Task<long>>> _writes = new();

    public int Count => _writes.Count;

    public void Add(Func<CancellationToken, Task<long>> write) => _writes.Enqueue(write);

    /// <returns>Those that could not be settled in time.</returns>
    public async Task<int> RunAsync(TimeSpan limit, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(limit);
        var left = 0;
        await Mesh.People.EachAsync(_writes.ToArray(), async (write, _) =>
        {
            while (true)
            {
                try
                {
                    await write(late.Token).ConfigureAwait(false);
                    return;
                }
                catch (RpcException) when (!late.IsCancellationRequested)
                {
                    await Task.Delay(100, CancellationToken.None).ConfigureAwait(false);
                }
                catch (RpcException)
                {
                    Interlocked.Increment(ref left);
                    return;
                }
            }
        }, ct).ConfigureAwait(false);
        _writes.Clear();
        return left;
    }
}
