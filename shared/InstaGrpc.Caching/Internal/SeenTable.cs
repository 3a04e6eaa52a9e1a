using System.Numerics;

namespace InstaGrpc.Caching.Internal;

/// <summary>A bounded table from a key's hash to a number and a time. A newer key takes the place of an older one; who is forgotten only loses a chance
/// (to serve a stale value, to skip a round trip).</summary>
internal sealed class SeenTable
{
    private const int Locks = 64;

    private readonly Slot[] _slots;
    private readonly Lock[] _locks = new Lock[Locks];

    public SeenTable(int entries)
    {
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)Math.Max(entries, Locks))];
        for (var i = 0; i < Locks; i++)
        {
            _locks[i] = new Lock();
        }
    }

    /// <summary>Notes that the number was seen at a time. An older time does not replace a newer one of the same number.</summary>
    public void Note(ulong key, ulong number, DateTime at)
    {
        ref var slot = ref _slots[key & (ulong)(_slots.Length - 1)];
        lock (_locks[key & (Locks - 1)])
        {
            if (slot.Key != key || slot.Number != number || slot.At < at)
            {
                slot = new Slot(key, number, at);
            }
        }
    }

    /// <summary>When this number was first, or last, noted for the key; null if it was not, or is forgotten.</summary>
    public DateTime? Find(ulong key, ulong number)
    {
        ref var slot = ref _slots[key & (ulong)(_slots.Length - 1)];
        lock (_locks[key & (Locks - 1)])
        {
            return slot.Key == key && slot.Number == number ? slot.At : null;
        }
    }

    /// <summary>When the number was first noted for the key; notes it now if it was not.</summary>
    public DateTime FirstSeen(ulong key, ulong number, DateTime now)
    {
        ref var slot = ref _slots[key & (ulong)(_slots.Length - 1)];
        lock (_locks[key & (Locks - 1)])
        {
            if (slot.Key != key || slot.Number != number)
            {
                slot = new Slot(key, number, now);
            }

            return slot.At;
        }
    }

    /// <summary>The number that was noted last for the key, or 0.</summary>
    public ulong LastNumber(ulong key)
    {
        ref var slot = ref _slots[key & (ulong)(_slots.Length - 1)];
        lock (_locks[key & (Locks - 1)])
        {
            return slot.Key == key ? slot.Number : 0;
        }
    }

    private readonly record struct Slot(ulong Key, ulong Number, DateTime At);
}
