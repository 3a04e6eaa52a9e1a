namespace InstaGrpc.Load.Scenarios;

/// <summary>The newest posts of a run, for those who like or look at them.</summary>
internal sealed class PostRing(int size)
{
    private readonly long[] _posts = new long[size];
    private long _count;

    public void Add(long media)
    {
        if (media != 0) Volatile.Write(ref _posts[(int)((Interlocked.Increment(ref _count) - 1) % size)], media);
    }

    /// <summary>Newer ones more often (Zipf); 0: none yet.</summary>
    public long Draw(Random random)
    {
        var there = Math.Min(Interlocked.Read(ref _count), size);
        if (there == 0) return 0;
        var age = (long)Math.Min(there - 1, Math.Pow(there + 1, random.NextDouble()) - 1);
        return Volatile.Read(ref _posts[(int)((Interlocked.Read(ref _count) - 1 - age) % size)]);
    }
}
