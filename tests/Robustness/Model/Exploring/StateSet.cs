using System.Runtime.InteropServices;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>
/// The states found, numbered in the order of finding. States stand in blocks that never move; a table of numbers with linear probing
/// finds them by their bytes. A million states of 60 bytes cost about 80 MB.
/// </summary>
internal sealed class StateSet<TState>
    where TState : unmanaged
{
    private const int BlockBits = 14;

    private readonly List<TState[]> _blocks = [];
    private int[] _slots = new int[1 << 12];

    public int Count { get; private set; }

    public ref readonly TState this[int number] => ref _blocks[number >> BlockBits][number & ((1 << BlockBits) - 1)];

    /// <summary>Adds a state; false when it was known.</summary>
    public bool Add(in TState state)
    {
        var mask = _slots.Length - 1;
        var slot = Hash(state) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            if (Bytes(state).SequenceEqual(Bytes(this[_slots[slot] - 1])))
                return false;
        }

        if (Count >> BlockBits == _blocks.Count)
            _blocks.Add(new TState[1 << BlockBits]);
        _blocks[Count >> BlockBits][Count & ((1 << BlockBits) - 1)] = state;
        _slots[slot] = ++Count;
        if (Count * 2 > _slots.Length)
            Grow();
        return true;
    }

    public static bool Same(in TState a, in TState b) => Bytes(a).SequenceEqual(Bytes(b));

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        var mask = _slots.Length - 1;
        for (var number = 0; number < Count; number++)
        {
            var slot = Hash(this[number]) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = number + 1;
        }
    }

    private static ReadOnlySpan<byte> Bytes(in TState state) => MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in state, 1));

    private static int Hash(in TState state)
    {
        const ulong Odd = 0x9E3779B97F4A7C15; // 2^64 / golden ratio
        var bytes = Bytes(state);
        var hash = Odd;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = (ulong.RotateLeft(hash, 23) ^ MemoryMarshal.Read<ulong>(bytes)) * Odd;
        foreach (var last in bytes)
            hash = (ulong.RotateLeft(hash, 23) ^ last) * Odd;
        return (int)(hash >> 33);
    }
}
