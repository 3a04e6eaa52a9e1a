using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

// How a command gets into the queue, and how one that is there ends without a reply.
public sealed partial class MetaConnection
{
    private ValueTask<List<string>> RunLinesAsync(byte[] command, bool untilEnd, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var pending = new LinesReply(untilEnd);
        bool start;
        lock (_gate)
        {
            if (Refusal(command.Length) is { } refusal)
            {
                return ValueTask.FromException<List<string>>(refusal);
            }

            _send.Outgoing.Append(command);
            start = Enqueue(pending, TicksPerTimeout, hasValues: false);
        }

        Leave(pending, start, atOnce: true, cancellation);
        return pending.Task;
    }

    private MemcachedUnavailableException? Refusal(int bytes)
    {
        if (_fault is { } fault)
        {
            return Lost(fault);
        }

        if (_queue.IsFull)
        {
            return new MemcachedUnavailableException(
                $"The queue to memcached {Address} is full ({_queue.Count} commands, Insta:Memcached:QueueDepth).");
        }

        return _send.Outgoing.Length > 0 && _send.Outgoing.Length + (long)bytes > _queueBytes
            ? new MemcachedUnavailableException(
                $"The queue to memcached {Address} is full ({_send.Outgoing.Length} bytes, Insta:Memcached:QueueBytes).")
            : null;
    }

    private Sent EnqueueSingle(bool hasValues)
    {
        var single = _singles.TryTake() ?? new SingleReply(_singles);
        var task = single.Task;
        var start = Enqueue(single, TicksPerTimeout, hasValues);

        // Alone: nothing to share a write with, so the write is done here and now. Otherwise the write waits for its turn in the thread
        // pool, behind the other callers who were woken by the same read and are about to ask again.
        var alone = start && _queue.Count == 1 && !_receive.AnsweredSeveral;
        return new Sent(single, task, start, alone);
    }

    private bool Enqueue(PendingReply pending, int ticks, bool hasValues)
    {
        pending.Arm(unchecked(Volatile.Read(ref _tick) + ticks + 1), hasValues);
        _queue.Enqueue(pending);
        return _send.MustStart();
    }

    private void Leave(PendingReply pending, bool start, bool atOnce, CancellationToken cancellation)
    {
        pending.WatchFor(cancellation);
        if (!start)
        {
            return;
        }

        if (atOnce)
        {
            _send.Run();
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(_send, preferLocal: false);
        }
    }

    private void OnTick()
    {
        var tick = Interlocked.Increment(ref _tick);
        var overdue = _queue.Sweep(tick, _timedOut);

        // Late replies are read as their own for a while; a server that stays silent as long again is taken for hung.
        if (overdue >= TicksPerTimeout)
        {
            Break(new TimeoutException("no reply came for twice the operation timeout"));
        }
    }

    private void Break(Exception reason)
    {
        lock (_gate)
        {
            if (_fault is not null)
            {
                return;
            }

            Volatile.Write(ref _fault, reason);
        }

        _timer.Dispose();

        // The receive loop notices, and ends the commands: it alone may take them from the queue.
        _socket.Dispose();
    }

    private void OnEnded()
    {
        var fault = _fault!;
        while (_queue.Peek() is { } pending)
        {
            _queue.Dequeue();
            pending.TryFail(fault is MemcachedProtocolException ? new MemcachedProtocolException(fault.Message, fault) : Lost(fault));
        }

        _ended.TrySetResult();
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
    }

    private MemcachedUnavailableException Lost(Exception fault) =>
        new($"The connection to memcached {Address} is lost: {fault.Message}", fault);

    /// <summary>A command that is in the queue, on its way out of the lock.</summary>
    private readonly struct Sent(PendingReply pending, ValueTask<MetaReply> task, bool start, bool alone)
    {
        public ValueTask<MetaReply> Leave(MetaConnection connection, CancellationToken cancellation)
        {
            connection.Leave(pending, start, alone, cancellation);
            return task;
        }
    }
}
