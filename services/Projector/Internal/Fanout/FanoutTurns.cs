using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// Who sends the next batch. First authors who have not used up their share (<see cref="FanoutOptions.PostRate"/>,
/// <see cref="FanoutOptions.PostBurst"/>), then in turn those who have and those whose jobs were told to wait (followers who are not active).
/// In each line authors take turns, however many posts they have, and of one author's jobs who has waited longest; since a job asks for one
/// turn at a time, his posts take turns, too. Whoever has used up his share, or was told to wait, has a small part of the batches in flight,
/// so that a new post never finds a long queue of theirs before it in memcached's connections; and every eighth turn goes to who was told to
/// wait, so that he comes to an end.
/// </summary>
/// <remarks>Nothing is held back while nobody else waits: a share orders, it does not slow down.</remarks>
internal sealed class FanoutTurns(FanoutOptions options, TimeProvider time)
{
    private const int PatientEvery = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, AuthorLane> _lanes = [];
    private readonly LinkedList<TurnQueue> _urgent = [];
    private readonly LinkedList<TurnQueue> _patient = [];
    private readonly int _mostSecondary = Math.Max(1, Math.Min(16, options.BatchesInFlight / 2));
    private int _lanesToSweep = 64;
    private int _inFlight;
    private int _turns;
    private bool _wasUrgent;

    /// <summary>Batches that may not be in flight for one job at a time: enough to keep memcached busy, few enough to leave room.</summary>
    public int MostOfJob { get; } = Math.Clamp(options.BatchesInFlight / 25, 1, 8);

    /// <summary>The author's lane, for one job more; to be disposed when the job has ended.</summary>
    public AuthorLane Join(long author)
    {
        lock (_gate)
        {
            if (!_lanes.TryGetValue(author, out var lane))
            {
                Sweep();
                lane = new AuthorLane(new AuthorShare(options.PostRate, options.PostBurst, time), Leave);
                _lanes.Add(author, lane);
            }

            lane.Jobs++;
            return lane;
        }
    }

    /// <summary>Waits for a turn; give it back with <see cref="Release"/> when the batch has been acknowledged, or has failed.</summary>
    public async ValueTask TakeAsync(AuthorLane lane, int timelines, bool patient, CancellationToken cancellation)
    {
        var waiter = new TurnWaiter(timelines);
        var queue = patient ? lane.Patient : lane.Urgent;
        lock (_gate)
        {
            queue.Waiting.AddLast(waiter);
            if (queue.Place.List is null)
            {
                (patient ? _patient : _urgent).AddLast(queue.Place);
            }

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
                if (!queue.Waiting.Remove(waiter))
                {
                    // Granted in the same moment.
                    _inFlight--;
                    Grant();
                }
                else if (queue.Waiting.Count == 0)
                {
                    queue.Place.List!.Remove(queue.Place);
                }
            }

            throw;
        }
    }

    /// <summary>Of what a turn was taken for, so much is not sent.</summary>
    public void GiveBack(AuthorLane lane, int timelines)
    {
        lock (_gate)
        {
            lane.Share.GiveBack(timelines);
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
        while (_inFlight < options.BatchesInFlight && Next() is { } queue)
        {
            var line = queue.Place.List!;
            var next = queue.Waiting.First!.Value;
            queue.Waiting.RemoveFirst();
            line.Remove(queue.Place);
            if (queue.Waiting.Count > 0)
            {
                line.AddLast(queue.Place);
            }

            queue.Share.Take(next.Timelines);
            _inFlight++;
            _turns++;
            next.Turn.SetResult();
        }
    }

    private TurnQueue? Next()
    {
        if (_turns % PatientEvery == PatientEvery - 1 && _patient.First is { } last)
        {
            return last.Value;
        }

        for (var node = _urgent.First; node is not null; node = node.Next)
        {
            if (node.Value.Share.Has(node.Value.Waiting.First!.Value.Timelines))
            {
                return node.Value;
            }
        }

        if (_inFlight >= _mostSecondary)
        {
            return null;
        }

        // In turn, or one author's many posts would keep another's patient followers waiting for as long as there are any.
        _wasUrgent = (!_wasUrgent && _urgent.First is not null) || _patient.First is null;
        return (_wasUrgent ? _urgent : _patient).First?.Value;
    }

    private void Leave(AuthorLane lane)
    {
        lock (_gate)
        {
            lane.Jobs--;
        }
    }

    /// <summary>Forgets authors without jobs, but not what they have used up: posts one after the other are no way around the
    /// share.</summary>
    private void Sweep()
    {
        if (_lanes.Count < _lanesToSweep)
        {
            return;
        }

        foreach (var (author, _) in _lanes.Where(static pair => pair.Value is { Jobs: 0, Share.IsWhole: true }).ToList())
        {
            _lanes.Remove(author);
        }

        _lanesToSweep = Math.Max(64, _lanes.Count * 2);
    }
}
