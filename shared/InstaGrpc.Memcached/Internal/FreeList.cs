namespace InstaGrpc.Memcached.Internal;

/// <summary>Commands to use again. Taken under the connection's lock, given back by any thread without one: givers push on a list that the
/// taker only ever takes as a whole, so that no element can leave and return between a read and an exchange.</summary>
internal sealed class FreeList<T>
    where T : PendingReply
{
    private PendingReply? _taken;
    private PendingReply? _returned;

    public T? TryTake()
    {
        var first = _taken ?? Interlocked.Exchange(ref _returned, null);
        if (first is null)
        {
            return null;
        }

        _taken = first.NextFree;
        first.NextFree = null;
        return (T)first;
    }

    public void Return(T item)
    {
        var head = Volatile.Read(ref _returned);
        while (true)
        {
            item.NextFree = head;
            var seen = Interlocked.CompareExchange(ref _returned, item, head);
            if (ReferenceEquals(seen, head))
            {
                return;
            }

            head = seen;
        }
    }
}
