using System.Numerics;

namespace InstaGrpc.Caching.Internal;

/// <summary>The copies of this process, in a table of sets of four. Looking up takes no lock; memory is bounded by bytes, and what has to go is taken in
/// turn. Whether a copy may be served is the reader's business.</summary>
internal sealed class CopyStore
{
    private const int Ways = 4;

    private readonly LocalCopy?[] _slots;
    private readonly long _limit;
    private long _bytes;
    private int _hand;

    public CopyStore(long limit, int entries)
    {
        _limit = limit;
        _slots = new LocalCopy?[limit > 0 ? BitOperations.RoundUpToPowerOf2((uint)Math.Max(entries, Ways)) : 0];
    }

    public long Bytes => Interlocked.Read(ref _bytes);

    public bool IsOn => _slots.Length > 0;

    public LocalCopy? Find(ulong hash, ReadOnlySpan<byte> identity)
    {
        if (_slots.Length == 0)
        {
            return null;
        }

        var set = SetOf(hash);
        for (var way = 0; way < Ways; way++)
        {
            var copy = Volatile.Read(ref _slots[set + way]);
            if (copy is not null && copy.IdentityHash == hash && identity.SequenceEqual(copy.Identity))
            {
                return copy;
            }
        }

        return null;
    }

    public void Put(LocalCopy copy)
    {
        if (_slots.Length == 0 || copy.Cost > _limit / 16)
        {
            return;
        }

        var set = SetOf(copy.IdentityHash);
        var chosen = -1;
        var oldest = long.MaxValue;
        for (var way = 0; way < Ways; way++)
        {
            var there = Volatile.Read(ref _slots[set + way]);
            if (there is null || (there.IdentityHash == copy.IdentityHash && there.Identity.AsSpan().SequenceEqual(copy.Identity)))
            {
                chosen = set + way;
                break;
            }

            if (there.ExpiresAt < oldest)
            {
                oldest = there.ExpiresAt;
                chosen = set + way;
            }
        }

        // Two writers may choose one slot, or two slots for one key: a copy that is lost, or there twice, is checked like any other when it is found.
        Exchange(chosen, copy);
        while (Bytes > _limit)
        {
            Exchange((int)((uint)Interlocked.Increment(ref _hand) & (uint)(_slots.Length - 1)), null);
        }
    }

    public void Clear()
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            Exchange(i, null);
        }
    }

    private int SetOf(ulong hash) => (int)((hash >> 7) & (ulong)(_slots.Length - 1)) & ~(Ways - 1);

    private void Exchange(int slot, LocalCopy? copy)
    {
        var before = Interlocked.Exchange(ref _slots[slot], copy);
        Interlocked.Add(ref _bytes, (copy?.Cost ?? 0) - (before?.Cost ?? 0));
    }
}
