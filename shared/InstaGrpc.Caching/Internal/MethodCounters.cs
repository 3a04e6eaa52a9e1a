namespace InstaGrpc.Caching.Internal;

/// <summary>What happened to one method's reads; plain counters, read by <see cref="CacheMetrics"/>, so that a hit costs one addition.</summary>
internal sealed class MethodCounters
{
    private readonly long[] _levels = new long[Enum.GetValues<CacheLevel>().Length];
    private readonly long[] _uncached = new long[Enum.GetValues<UncachedReason>().Length];
    private long _won;
    private long _lost;
    private long _filled;
    private long _keptAsStale;
    private long _notKept;
    private long _waits;
    private long _joins;
    private long _early;
    private long _runs;

    public long Won => Interlocked.Read(ref _won);

    public long Lost => Interlocked.Read(ref _lost);

    public long Fills => Interlocked.Read(ref _filled);

    public long KeptStale => Interlocked.Read(ref _keptAsStale);

    public long NotKeptAnswers => Interlocked.Read(ref _notKept);

    public long Waits => Interlocked.Read(ref _waits);

    public long Joins => Interlocked.Read(ref _joins);

    public long EarlyRefreshes => Interlocked.Read(ref _early);

    public long Runs => Interlocked.Read(ref _runs);

    public long Of(CacheLevel level) => Interlocked.Read(ref _levels[(int)level]);

    public long Of(UncachedReason reason) => Interlocked.Read(ref _uncached[(int)reason]);

    public void Answered(CacheLevel level) => Interlocked.Increment(ref _levels[(int)level]);

    public void Uncached(UncachedReason reason) => Interlocked.Increment(ref _uncached[(int)reason]);

    public void LeaseWon() => Interlocked.Increment(ref _won);

    public void LeaseLost() => Interlocked.Increment(ref _lost);

    public void Filled() => Interlocked.Increment(ref _filled);

    public void KeptAsStale() => Interlocked.Increment(ref _keptAsStale);

    public void NotKept() => Interlocked.Increment(ref _notKept);

    public void Waited() => Interlocked.Increment(ref _waits);

    public void Joined() => Interlocked.Increment(ref _joins);

    public void RefreshedEarly() => Interlocked.Increment(ref _early);

    public void HandlerRun() => Interlocked.Increment(ref _runs);
}
