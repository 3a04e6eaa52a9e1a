using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Shedding;

/// <summary>Counts the calls that run, refuses those that are too many, and tells <see cref="AdaptiveLimit"/> how long they took.</summary>
internal sealed class CallGate
{
    private const int LeastCalls = 50;
    private const int LongestWindows = 10;
    private static readonly TimeSpan s_leastPushback = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_mostPushback = TimeSpan.FromSeconds(2);

    private readonly AdaptiveLimit _limit;
    private readonly SheddingOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _closing = new();
    private readonly int[] _most = new int[3];
    private long _windowFrom;
    private long _ended;
    private long _ticks;
    private int _running;
    private int _isFull;
    private TimeSpan _latency;

    public CallGate(SheddingOptions options, TimeProvider time)
    {
        (_options, _time, _limit) = (options, time, new AdaptiveLimit(options));
        _windowFrom = time.GetTimestamp();
        Apply();
    }

    /// <summary>Calls at once as of now.</summary>
    public int Limit => Volatile.Read(ref _most[(int)Priority.Normal]);

    public int Running => Volatile.Read(ref _running);

    /// <summary>False: it is to be refused. Else <see cref="Leave"/> must follow.</summary>
    public bool TryEnter(Priority priority)
    {
        if (Interlocked.Increment(ref _running) <= Volatile.Read(ref _most[(int)priority]))
        {
            return true;
        }

        Interlocked.Decrement(ref _running);
        if (priority != Priority.Sheddable && Volatile.Read(ref _isFull) == 0)
        {
            Volatile.Write(ref _isFull, 1);
        }

        return false;
    }

    /// <param name="entered">The clock's timestamp when it entered.</param>
    public void Leave(long entered)
    {
        var now = _time.GetTimestamp();
        Interlocked.Decrement(ref _running);
        Interlocked.Add(ref _ticks, now - entered);
        var ended = Interlocked.Increment(ref _ended);
        var elapsed = _time.GetElapsedTime(Volatile.Read(ref _windowFrom), now);
        if (elapsed >= _options.Window && (ended >= LeastCalls || elapsed >= LongestWindows * _options.Window))
        {
            CloseWindow(now);
        }
    }

    /// <summary>When another try makes sense: after some of the calls that run now, and not when all others try.</summary>
    public TimeSpan Pushback()
    {
        var pause = 4 * _latency;
        pause = pause < s_leastPushback ? s_leastPushback : pause > s_mostPushback ? s_mostPushback : pause;
        return pause * (0.5 + Random.Shared.NextDouble());
    }

    private void CloseWindow(long now)
    {
        if (!_closing.TryEnter())
        {
            return;
        }

        try
        {
            var elapsed = _time.GetElapsedTime(_windowFrom, now);
            if (elapsed < _options.Window)
            {
                // Another call has just closed it.
                return;
            }

            var ended = Interlocked.Exchange(ref _ended, 0);
            var ticks = Interlocked.Exchange(ref _ticks, 0);
            var spent = _time.GetElapsedTime(0, ticks);
            _latency = ended == 0 ? TimeSpan.Zero : spent / ended;

            // Little's law: the calls' times together are how many ran at once, times how long.
            _limit.Observe(_latency, spent / elapsed, Interlocked.Exchange(ref _isFull, 0) != 0);
            Volatile.Write(ref _windowFrom, now);
            Apply();
        }
        finally
        {
            _closing.Exit();
        }
    }

    private void Apply()
    {
        var limit = _limit.Current;
        Volatile.Write(ref _most[(int)Priority.Normal], limit);
        Volatile.Write(ref _most[(int)Priority.Critical], limit + 1 + (int)(limit * _options.CriticalReserve));
        Volatile.Write(ref _most[(int)Priority.Sheddable], Math.Max(1, (int)(limit * _options.SheddableShare)));
    }
}
