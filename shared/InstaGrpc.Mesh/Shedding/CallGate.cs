using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Shedding;

/// <summary>Counts the calls that run, refuses those that are too many, and tells <see cref="AdaptiveLimit"/> how long they took.</summary>
internal sealed class CallGate
{
    private const int LeastCalls = 100;
    private const int LatenciesOfAWindow = 2;
    private const int LongestWindows = 30;
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
    private long _refused;
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

        // Of whatever priority: each has a part of the limit, so each experiment with the limit is one with how many of them run. Where the part of
        // SHEDDABLE calls keeps them out and the others stay below theirs, the experiments change nothing, and the limit grows until they do.
        Interlocked.Decrement(ref _running);
        Interlocked.Increment(ref _refused);
        return false;
    }

    /// <param name="entered">The clock's timestamp when it entered.</param>
    public void Leave(long entered)
    {
        var now = _time.GetTimestamp();
        Interlocked.Decrement(ref _running);
        var from = Volatile.Read(ref _windowFrom);
        if (entered < from)
        {
            // It waited among those whom the window before let in.
            return;
        }

        var ticks = Interlocked.Add(ref _ticks, now - entered);
        var ended = Interlocked.Increment(ref _ended);
        var elapsed = _time.GetElapsedTime(from, now);
        if (elapsed >= _options.Window && IsLongEnough(elapsed, ended, _time.GetElapsedTime(0, ticks)))
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

    // Only calls that entered in the window are counted, so one that is short of several calls' time sees only the quick ones of them.
    private bool IsLongEnough(TimeSpan elapsed, long ended, TimeSpan spent) =>
        elapsed >= LongestWindows * _options.Window || (ended >= LeastCalls && elapsed >= LatenciesOfAWindow * (spent / ended));

    private void CloseWindow(long now)
    {
        if (!_closing.TryEnter())
        {
            return;
        }

        try
        {
            if (_time.GetElapsedTime(_windowFrom, now) < _options.Window)
            {
                // Another call has just closed it.
                return;
            }

            var ended = Interlocked.Exchange(ref _ended, 0);
            var ticks = Interlocked.Exchange(ref _ticks, 0);
            _latency = ended == 0 ? TimeSpan.Zero : _time.GetElapsedTime(0, ticks) / ended;
            var refused = Interlocked.Exchange(ref _refused, 0);
            _limit.Observe(_latency, refused / Math.Max(1.0, refused + ended));
            Apply();
            Volatile.Write(ref _windowFrom, _time.GetTimestamp());
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
