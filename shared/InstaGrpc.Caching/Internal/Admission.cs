using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>Limits the handler runs of cached methods on a node. Whoever waits is let in by priority, and within one in order; refused are those whose time
/// is over and, when too many wait, the least important.</summary>
internal sealed class Admission(NodeName node, int limit, int queueLimit, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource>[] _waiting = [new(), new(), new()];
    private int _running;
    private int _queued;

    public int Running => Volatile.Read(ref _running);

    public int Queued => Volatile.Read(ref _queued);

    /// <exception cref="AdmissionRefusedException">Too many wait, or the time is over.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask EnterAsync(Priority priority, TimeSpan limitOfWaiting, CancellationToken cancellation)
    {
        LinkedListNode<TaskCompletionSource> mine;
        lock (_lock)
        {
            if (_running < limit)
            {
                _running++;
                return ValueTask.CompletedTask;
            }

            if (_queued >= queueLimit && !RefuseOneBelow(priority))
            {
                throw Refused("too many wait already");
            }

            mine = _waiting[(int)priority].AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            _queued++;
        }

        return WaitAsync(mine, limitOfWaiting, cancellation);
    }

    public void Leave()
    {
        lock (_lock)
        {
            foreach (var queue in _waiting)
            {
                if (queue.First is { } next)
                {
                    // The place goes over to it: _running stays.
                    queue.Remove(next);
                    _queued--;
                    next.Value.SetResult();
                    return;
                }
            }

            _running--;
        }
    }

    private async ValueTask WaitAsync(LinkedListNode<TaskCompletionSource> mine, TimeSpan limitOfWaiting, CancellationToken cancellation)
    {
        try
        {
            await mine.Value.Task.WaitAsync(limitOfWaiting > TimeSpan.Zero ? limitOfWaiting : TimeSpan.Zero, time, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (mine.List is { } queue)
                {
                    queue.Remove(mine);
                    _queued--;
                }
                else if (mine.Value.Task.IsCompletedSuccessfully)
                {
                    // Let in at the moment of giving up: the place goes back.
                    Leave();
                }
            }

            if (e is TimeoutException)
            {
                throw Refused("its time was over before its turn came");
            }

            throw;
        }
    }

    private bool RefuseOneBelow(Priority priority)
    {
        for (var i = _waiting.Length - 1; i > (int)priority; i--)
        {
            if (_waiting[i].Last is { } last)
            {
                _waiting[i].Remove(last);
                _queued--;
                last.Value.SetException(Refused("somebody more important came"));
                return true;
            }
        }

        return false;
    }

    private AdmissionRefusedException Refused(string why) =>
        new($"Node {node} runs {limit} uncached reads (Insta:Cache:AdmissionPerNode) and this one was refused: {why}.");
}
