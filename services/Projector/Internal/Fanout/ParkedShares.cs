using InstaGrpc.Memcached;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// What servers that are away did not take of one job's pages. It waits here without a turn, so that the job goes on to the servers that are
/// there, and other jobs do; nothing of the job's progress is stored before it is delivered. Where too much waits in the process, a job only
/// remembers that it has to begin again after its last stored follower. Not for several threads at a time.
/// </summary>
internal sealed class ParkedShares(PageSender sender, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    private readonly Queue<long[]> _pages = [];
    private IReadOnlyList<MemcachedServer> _away = [];
    private TimeSpan _pause;
    private long _failedAt;

    /// <summary>Everything was delivered.</summary>
    public bool IsEmpty => _pages.Count == 0 && !MustBeginAgain;

    /// <summary>Not everything that is missing is known any more.</summary>
    public bool MustBeginAgain { get; private set; }

    public int Pages => _pages.Count;

    /// <summary>It is time for another attempt, and a server that did not answer may answer now.</summary>
    public bool IsDue => !IsEmpty && time.GetElapsedTime(_failedAt) >= _pause
        && (_away.Count == 0 || _away.Any(static server => server.IsAvailable || server.State == MemcachedServerState.Closed));

    public void Add(in PageOutcome outcome)
    {
        _pause = IsEmpty ? _firstPause : time.GetElapsedTime(_failedAt) < _pause ? _pause : _pause * 2;
        _pause = _pause < _longestPause ? _pause : _longestPause;
        _failedAt = time.GetTimestamp();
        _away = outcome.Away;
        if (!MustBeginAgain && sender.TryRemember(outcome.Unreached.Length))
        {
            _pages.Enqueue(outcome.Unreached);
        }
        else
        {
            MustBeginAgain = true;
            Clear();
        }
    }

    /// <summary>The first page; it comes back by <see cref="Add"/> if it fails again.</summary>
    public long[] Take()
    {
        var users = _pages.Dequeue();
        sender.Forget(users.Length);
        return users;
    }

    public async Task WaitAsync(CancellationToken cancellation)
    {
        for (var pause = _firstPause; !IsDue; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => Clear();

    private void Clear()
    {
        while (_pages.Count > 0)
        {
            Take();
        }
    }
}
