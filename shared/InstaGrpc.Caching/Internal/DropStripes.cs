namespace InstaGrpc.Caching.Internal;

/// <summary>Counters that say whether anything that a copy may be made of was dropped since. A key and its list's version item share a stripe with others:
/// a drop too many costs a miss.</summary>
internal sealed class DropStripes
{
    private const int Count = 16_384;

    private readonly long[] _counters = new long[Count];

    public long Read(ulong hash) => Volatile.Read(ref _counters[hash & (Count - 1)]);

    public void Raise(ulong hash) => Interlocked.Increment(ref _counters[hash & (Count - 1)]);

    public void RaiseAll()
    {
        for (var i = 0; i < Count; i++)
        {
            Interlocked.Increment(ref _counters[i]);
        }
    }
}
