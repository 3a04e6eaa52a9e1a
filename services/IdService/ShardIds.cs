using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Services.IdService;

/// <summary>Makes the ids of one shard inside the windows that it was given. For several threads; callers that need a window wait for the
/// same one.</summary>
/// <remarks>
/// An id's ms is never before the last one's, never outside the window, and never more than <see cref="Burst"/> ahead of the clock: more
/// than 1,024 at once need not wait, and what a thread missed while the machine ran others is made up for. The clock is the directory's at
/// the grant, carried on by this machine's monotonic clock, so setting the wall clock changes nothing here.
/// A process that was frozen past its window's end finds its clock behind the end and asks for a new window; and if the freeze strikes
/// between that look and the id, the id still lies in a window that nobody else ever gets.
/// </remarks>
internal sealed class ShardIds(int shard, IIdWindows windows, TimeProvider time)
{
    /// <summary>How many ms ahead of the clock ids may be.</summary>
    public const int Burst = 20;

    private readonly Lock _lock = new();
    private Task<bool>? _renewal;
    private IdWindow _window;
    private long _grantedAt;
    private long _milliseconds = -1;
    private int _sequence = InstaId.Sequences;

    /// <summary>Writes as many ids as can be had now, ascending.</summary>
    /// <returns>Their number, and what to wait for if that is too few.</returns>
    public (int Taken, IdShortage Shortage) TryTake(Span<long> ids)
    {
        lock (_lock)
        {
            var now = Now();
            var taken = 0;
            while (taken < ids.Length)
            {
                // A ms that is over is left, even with sequences to spare: an id tells its time.
                if ((_sequence == InstaId.Sequences || now > _milliseconds) && !TryNextMillisecond(now, out var shortage))
                {
                    return (taken, shortage);
                }
                var first = InstaId.Compose(_milliseconds, shard, _sequence);
                var count = Math.Min(ids.Length - taken, InstaId.Sequences - _sequence);
                var run = ids.Slice(taken, count);
                for (var i = 0; i < run.Length; i++)
                {
                    run[i] = first + i;
                }
                _sequence += count;
                taken += count;
            }
            return (taken, IdShortage.None);
        }
    }

    /// <summary>Gets a window that goes on after the present one, unless that one has room.</summary>
    /// <returns>False if the directory grants none yet.</returns>
    public Task<bool> RenewAsync(CancellationToken cancellation)
    {
        Task<bool> renewal;
        lock (_lock)
        {
            if (NextMillisecond(Now()) < _window.End)
            {
                return Task.FromResult(true);
            }
            // No caller's own: one who gives up must not take the window away from the others, and with a directory slower than
            // everybody's patience there would never be one.
            renewal = _renewal ??= Task.Run(GrantAsync, CancellationToken.None);
        }
        return renewal.WaitAsync(cancellation);
    }

    /// <summary>Takes the window away; null if nothing of it is left.</summary>
    public async Task<IdWindowRest?> EndAsync(CancellationToken cancellation)
    {
        Task? renewal;
        lock (_lock)
        {
            renewal = _renewal;
        }
        if (renewal is not null)
        {
            await renewal.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        lock (_lock)
        {
            var rest = new IdWindowRest(shard, Math.Max(_milliseconds + 1, _window.Start), _window.End);
            _window = default;
            _sequence = InstaId.Sequences;
            return rest.Start < rest.End ? rest : null;
        }
    }

    private async Task<bool> GrantAsync()
    {
        IdWindow? granted = null;
        try
        {
            granted = await windows.GrantAsync(shard).ConfigureAwait(false);
            if (granted is { } window && (window.Start < 0 || window.End > InstaId.MillisecondsEnd))
            {
                granted = null;
                throw new IdsUnavailableException(
                    $"no id window for shard {shard}: the directory's clock says {InstaId.Epoch.AddMilliseconds(window.DatabaseNow):u}; "
                    + $"ids can tell times from {InstaId.Epoch:u} to {InstaId.SignedEnd:u}");
            }
            return granted is not null;
        }
        finally
        {
            lock (_lock)
            {
                _renewal = null;
                if (granted is { } window)
                {
                    _window = window;
                    _grantedAt = time.GetTimestamp();
                }
            }
        }
    }

    private bool TryNextMillisecond(long now, out IdShortage shortage)
    {
        var next = NextMillisecond(now);
        if (next >= _window.End)
        {
            shortage = IdShortage.Window;
            return false;
        }
        if (next > now + Burst)
        {
            shortage = IdShortage.Millisecond;
            return false;
        }
        _milliseconds = next;
        _sequence = 0;
        shortage = IdShortage.None;
        return true;
    }

    private long NextMillisecond(long now) => Math.Max(Math.Max(now, _milliseconds + 1), _window.Start);

    // A window that begins ahead of the directory's clock (the last owner crashed, or there are several) shifts the clock, so that its ids
    // are paced like any others. Not by the burst: a busy shard asks for each window that much early, and the shifts would add up.
    private long Now() => Math.Max(_window.DatabaseNow, _window.Start - Burst) + (long)time.GetElapsedTime(_grantedAt).TotalMilliseconds;
}
