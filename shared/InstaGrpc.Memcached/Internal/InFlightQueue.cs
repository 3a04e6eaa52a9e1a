namespace InstaGrpc.Memcached.Internal;

/// <summary>Commands on the wire, in the order of their replies. Written under the connection's lock, emptied by its receive loop
/// alone, without a lock: each side owns one end of the ring.</summary>
internal sealed class InFlightQueue
{
    private readonly PendingReply?[] _ring;
    private readonly int _mask;
    private int _head;
    private int _tail;

    public InFlightQueue(int capacity)
    {
        _ring = new PendingReply?[capacity];
        _mask = capacity - 1;
    }

    public int Count => Volatile.Read(ref _tail) - Volatile.Read(ref _head);

    public bool IsFull => Count >= _ring.Length;

    public void Enqueue(PendingReply pending)
    {
        Volatile.Write(ref _ring[_tail & _mask], pending);
        Volatile.Write(ref _tail, unchecked(_tail + 1));
    }

    public PendingReply? Peek() => Count == 0 ? null : _ring[_head & _mask];

    public void Dequeue()
    {
        _ring[_head & _mask] = null;
        Volatile.Write(ref _head, unchecked(_head + 1));
    }

    /// <summary>Ends the commands that have waited too long; any thread may call it.</summary>
    /// <returns>How many ticks the first one is past its deadline; 0 or less: it is not.</returns>
    public int Sweep(int tick, Func<Exception> timeout)
    {
        var overdue = 0;
        var first = true;
        for (int at = Volatile.Read(ref _head), tail = Volatile.Read(ref _tail); at != tail; at++)
        {
            // Null: the receive loop has just taken it.
            if (Volatile.Read(ref _ring[at & _mask]) is not { } pending)
            {
                continue;
            }

            var life = pending.Life;
            var late = unchecked(tick - pending.Deadline);
            if (first)
            {
                overdue = late;
                first = false;
            }

            if (late >= 0 && (life & 1) == 0)
            {
                pending.TryFail(life, timeout());
            }
        }

        return overdue;
    }
}
