using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// Who sends the next batch. First those whose post has not used up its share (<see cref="FanoutOptions.PostRate"/>,
/// <see cref="FanoutOptions.PostBurst"/>), then those whose post has, then those that were told to wait (followers who are not active);
/// within each, who has waited longest: since a job asks for one turn at a time, jobs take turns. The last two share a small part of the
/// batches in flight, so that a new post never finds a long queue of theirs before it in memcached's connections; and whoever waits last
/// gets every eighth turn all the same, so that he comes to an end.
/// </summary>
/// <remarks>Nothing is held back while nobody else waits: a share orders, it does not slow down.</remarks>
internal sealed class FanoutTurns(FanoutOptions options)
{
    private const int PatientEvery = 8;

    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _urgent = [];
    private readonly LinkedList<Waiter> _patient = [];
    private readonly int _mostSecondary = Math.Max(1, Math.Min(16, options.BatchesInFlight / 2));
    private int _inFlight;
    private int _turns;

    /// <summary>Batches that may not be in flight for one job at a time: enough to keep memcached busy, few enough to leave room.</summary>
    public int MostOfJob { get; } = Math.Clamp(options.BatchesInFlight / 25, 1, 8);

    /// <summary>Waits for a turn; give it back with <see cref="Release"/> when the batch has been acknowledged, or has failed.</summary>
    public async ValueTask TakeAsync(PostShare share, int timelines, bool patient, CancellationToken cancellation)
    {
        var waiter = new Waiter(share, timelines);
        lock (_gate)
        {
            (patient ? _patient : _urgent).AddLast(waiter);
            Grant();
        }

        try
        {
            await waiter.Turn.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                if (!_urgent.Remove(waiter) && !_patient.Remove(waiter))
                {
                    // Granted in the same moment.
                    _inFlight--;
                    Grant();
                }
            }

            throw;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _inFlight--;
            Grant();
        }
    }

    private void Grant()
    {
        while (_inFlight < options.BatchesInFlight && Next() is { } next)
        {
            next.List!.Remove(next);
            next.Value.Share.Take(next.Value.Timelines);
            _inFlight++;
            _turns++;
            next.Value.Turn.SetResult();
        }
    }

    private LinkedListNode<Waiter>? Next()
    {
        var secondary = _inFlight < _mostSecondary;
        if (_turns % PatientEvery == PatientEvery - 1 && _patient.First is { } last)
        {
            return last;
        }

        for (var node = _urgent.First; node is not null; node = node.Next)
        {
            if (node.Value.Share.Has(node.Value.Timelines))
            {
                return node;
            }
        }

        return secondary ? _urgent.First ?? _patient.First : null;
    }

    private sealed class Waiter(PostShare share, int timelines)
    {
        public PostShare Share => share;

        public int Timelines => timelines;

        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
