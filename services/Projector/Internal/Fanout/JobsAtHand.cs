namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// The jobs of a node that this process has begun, and how many more it may. A few of each author always; more of one author only while half
/// of the room is free, so that another's post need not wait for the end of one of his. Jobs that only wait for servers that are away are
/// not counted, up to many: a post must reach the servers that are there however long another stays away.
/// </summary>
/// <remarks>Not for several threads at a time, but for <see cref="JobAtHand.Park"/>.</remarks>
internal sealed class JobsAtHand
{
    private const int MostRunning = 256;
    private const int MostOfAuthor = 4;
    private const int MostParked = 10_000;

    private readonly Dictionary<long, JobAtHand> _jobs = [];
    private TaskCompletionSource _freed = NewSignal();
    private int _running;

    /// <summary>Ends when a job ends, or no longer counts.</summary>
    public Task Freed
    {
        get
        {
            if (_freed.Task.IsCompleted)
            {
                Volatile.Write(ref _freed, NewSignal());
            }

            return _freed.Task;
        }
    }

    /// <summary>Jobs that may be begun.</summary>
    public int Room
    {
        get
        {
            _running = _jobs.Values.Count(static job => !job.IsParked);
            return _jobs.Count - _running >= MostParked ? 0 : MostRunning - _running;
        }
    }

    public long[] Numbers => [.. _jobs.Keys];

    /// <summary>How many are run of each author.</summary>
    public (long[] Authors, long[] Jobs) Running()
    {
        var counts = _jobs.Values.Where(static job => !job.IsParked).CountBy(static job => job.Author).ToList();
        return ([.. counts.Select(static count => count.Key)], [.. counts.Select(static count => (long)count.Value)]);
    }

    /// <param name="place">Which of its author's jobs it would be.</param>
    public bool Admits(long place) => _running < (place <= MostOfAuthor ? MostRunning : MostRunning / 2);

    public void Begin(FanoutJob job, Func<JobAtHand, Task> run)
    {
        var hand = new JobAtHand(job.Author, Signal);
        hand.Run = run(hand);
        _jobs.Add(job.Number, hand);
        _running++;

        // After its end, not in it: whoever is woken must find it ended.
        _ = hand.Run.ContinueWith(
            static (_, jobs) => ((JobsAtHand)jobs!).Signal(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <exception cref="Exception">What a job failed with.</exception>
    public async Task RemoveEndedAsync()
    {
        foreach (var (number, hand) in _jobs.Where(static job => job.Value.Run.IsCompleted).ToList())
        {
            _jobs.Remove(number);
            await hand.Run.ConfigureAwait(false);
        }
    }

    public Task WhenAllEnded() => Task.WhenAll(_jobs.Values.Select(static hand => hand.Run));

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal() => Volatile.Read(ref _freed).TrySetResult();
}
