using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Services.IdService;

/// <summary>Makes the ids of one shard inside the windows that it was given. For several threads; callers that need a window wait for one
/// another.</summary>
/// <remarks>
/// An id's ms is never before the last one's, never outside the window, and never ahead of the clock. The clock is the directory's at the
/// grant, carried on by this machine's monotonic clock, so setting the wall clock changes nothing here.
/// A process that was frozen past its window's end finds its clock behind the end and asks for a new window; and if the freeze strikes between
/// that look and the id, the id still lies in a window that nobody else ever gets.
/// </remarks>
internal sealed class ShardIds(int shard, IIdWindows windows, TimeProvider time)
{
    private readonly SemaphoreSlim _granting = new(1, 1);
    private readonly Lock _lock = new();
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

    /// <summary>Gets a window that goes on after the present one, unless another caller just did.</summary>
    /// <returns>False if the directory grants none yet.</returns>
    public async ValueTask<bool> RenewAsync(CancellationToken cancellation)
    {
        long endBefore;
        lock (_lock)
        {
            endBefore = _window.End;
        }
        await _granting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            lock (_lock)
            {
                if (_window.End != endBefore)
                {
                    return true;
                }
            }
            var asked = time.GetTimestamp();
            if (await windows.GrantAsync(shard, cancellation).ConfigureAwait(false) is not { } granted)
            {
                return false;
            }
            lock (_lock)
            {
                _window = granted;
                _grantedAt = asked;
            }
            return true;
        }
        finally
        {
            _granting.Release();
        }
    }

    /// <summary>Gives back the unused rest of the window.</summary>
    public async ValueTask ReturnAsync(CancellationToken cancellation)
    {
        await _granting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            long used, end;
            lock (_lock)
            {
                used = Math.Max(_milliseconds + 1, _window.Start);
                end = _window.End;
                _window = default;
                _sequence = InstaId.Sequences;
            }
            if (used < end)
            {
                await windows.ReturnAsync(shard, used, end, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _granting.Release();
        }
    }

    private bool TryNextMillisecond(long now, out IdShortage shortage)
    {
        var next = Math.Max(Math.Max(now, _milliseconds + 1), _window.Start);
        if (next >= _window.End)
        {
            shortage = IdShortage.Window;
            return false;
        }
        if (next > now)
        {
            shortage = IdShortage.Millisecond;
            return false;
        }
        _milliseconds = next;
        _sequence = 0;
        shortage = IdShortage.None;
        return true;
    }

    // A window that begins ahead of the directory's clock (the last owner crashed, or there are several) shifts the clock by as much, so that
    // its ids are paced like any others.
    private long Now() => Math.Max(_window.DatabaseNow, _window.Start) + (long)time.GetElapsedTime(_grantedAt).TotalMilliseconds;
}
