namespace InstaGrpc.Load.Workers;

/// <summary>Where workers wait for each other: the beginning is fixed when all have warmed up, so nobody's warm-up can be late for it.</summary>
/// <param name="workers">How many.</param>
internal sealed class StartLine(int workers)
{
    /// <summary>What workers need to read that they shall begin.</summary>
    private static readonly TimeSpan _notice = TimeSpan.FromSeconds(0.5);

    private readonly TaskCompletionSource<DateTimeOffset> _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = workers;

    /// <summary>One more has warmed up.</summary>
    /// <returns>When all begin.</returns>
    public Task<DateTimeOffset> WarmAsync(CancellationToken ct)
    {
        if (Interlocked.Decrement(ref _missing) == 0) _begin.TrySetResult(DateTimeOffset.UtcNow + _notice);
        return _begin.Task.WaitAsync(ct);
    }

    /// <summary>One will not come: nobody waits for it.</summary>
    public void Fail(Exception why) => _begin.TrySetException(why);
}
