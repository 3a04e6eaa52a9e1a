using System.Net.Sockets;
using System.Text;
using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

/// <summary>One connection, on which commands run in the order in which they were called. It is not replaced when it breaks: whoever needs to
/// know that nothing was lost in between opens one of its own.</summary>
/// <remarks>Callers append their commands to one buffer under a lock; whoever finds no write under way starts one. Replies come in the order of
/// the commands, so a queue of callers is all that is needed to match them. Reading never waits for writing.</remarks>
public sealed class MetaConnection : IAsyncDisposable
{
    private const int TicksPerTimeout = 4;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly InFlightQueue _queue;
    private readonly SendLoop _send;
    private readonly ReceiveLoop _receive;
    private readonly FreeList<SingleReply> _singles = new();
    private readonly FreeList<BatchReply> _batches = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private readonly int _queueBytes;
    private readonly int _pipelineTicks;
    private readonly Func<Exception> _timedOut;
    private int _tick;
    private Exception? _fault;

    private MetaConnection(Socket socket, string address, string version, MemcachedOptions options, TimeProvider time)
    {
        _socket = socket;
        Address = address;
        ServerVersion = version;
        _timedOut = () => new MemcachedTimeoutException($"memcached {Address} did not answer in time (Insta:Memcached:OperationTimeout is "
            + $"{options.OperationTimeout.TotalMilliseconds:0} ms, PipelineTimeout {options.PipelineTimeout.TotalMilliseconds:0} ms).");
        _queueBytes = options.QueueBytes;
        _queue = new InFlightQueue(options.QueueDepth);
        _send = new SendLoop(socket, _gate, Break);
        _receive = new ReceiveLoop(socket, _queue, Break, OnEnded);
        var period = options.OperationTimeout / TicksPerTimeout;
        _pipelineTicks = (int)Math.Ceiling(options.PipelineTimeout / period);
        _timer = time.CreateTimer(static connection => ((MetaConnection)connection!).OnTick(), this, period, period);
    }

    /// <summary>The server's address, <c>host:port</c>.</summary>
    public string Address { get; }

    /// <summary>What the server says it is, e.g. "1.6.18".</summary>
    public string ServerVersion { get; }

    /// <summary>True once the connection is lost or disposed. Every command then fails.</summary>
    public bool IsBroken => Volatile.Read(ref _fault) is not null;

    /// <summary>Cancelled when the connection is lost or disposed and every command on it has ended.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>Why the connection is of no more use; null while it is.</summary>
    internal Exception? Fault => Volatile.Read(ref _fault);

    /// <summary>Done when the connection is lost or disposed and every command on it has ended.</summary>
    internal Task Ended => _ended.Task;

    internal static async Task<MetaConnection> OpenAsync(
        ServerAddress address, MemcachedOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var (socket, version) = await Handshake.ConnectAsync(address, options.ConnectTimeout, time, cancellation).ConfigureAwait(false);
        var connection = new MetaConnection(socket, address.ToString(), version, options, time);
        connection._receive.Run();
        return connection;
    }

    /// <summary>Runs an <c>mg</c>.</summary>
    /// <exception cref="ArgumentException">The key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; a lease may have been taken all the same.</exception>
    public ValueTask<MetaReply> GetAsync(ReadOnlySpan<byte> key, MetaGet get, CancellationToken cancellation = default)
    {
        CommandBuffer.CheckKey(key);
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<MetaReply>(cancellation);
        }

        Sent sent;
        lock (_gate)
        {
            if (Refusal(CommandBuffer.SizeOf(key.Length, 0)) is { } refusal)
            {
                return ValueTask.FromException<MetaReply>(refusal);
            }

            _send.Outgoing.AppendGet(key, get, quiet: false, opaque: -1);
            sent = EnqueueSingle(hasValues: false);
        }

        return sent.Leave(this, cancellation);
    }

    /// <summary>Runs an <c>ms</c>.</summary>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>, or the value is larger than 1 MiB.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the value may have been stored all the same.</exception>
    public ValueTask<MetaReply> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, CancellationToken cancellation = default)
    {
        CommandBuffer.CheckKey(key);
        CommandBuffer.CheckValue(value);
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<MetaReply>(cancellation);
        }

        Sent sent;
        lock (_gate)
        {
            if (Refusal(CommandBuffer.SizeOf(key.Length, value.Length)) is { } refusal)
            {
                return ValueTask.FromException<MetaReply>(refusal);
            }

            _send.Outgoing.AppendSet(key, value, set, quiet: false, opaque: -1);
            sent = EnqueueSingle(hasValues: true);
        }

        return sent.Leave(this, cancellation);
    }

    /// <summary>Runs an <c>md</c>.</summary>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the item may have been deleted all the same.</exception>
    public ValueTask<MetaReply> DeleteAsync(ReadOnlySpan<byte> key, MetaDelete delete = default, CancellationToken cancellation = default)
    {
        CommandBuffer.CheckKey(key);
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<MetaReply>(cancellation);
        }

        Sent sent;
        lock (_gate)
        {
            if (Refusal(CommandBuffer.SizeOf(key.Length, 0)) is { } refusal)
            {
                return ValueTask.FromException<MetaReply>(refusal);
            }

            _send.Outgoing.AppendDelete(key, delete, quiet: false, opaque: -1);
            sent = EnqueueSingle(hasValues: false);
        }

        return sent.Leave(this, cancellation);
    }

    /// <summary>Runs one <c>mg</c> for each key, in one round trip.</summary>
    /// <param name="keys">Encoded before the call returns.</param>
    /// <param name="replies">At least as long as <paramref name="keys"/>; written when the task is awaited, and only if it succeeds.</param>
    /// <param name="get">The same for all keys.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>; nothing was sent.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    public ValueTask GetManyAsync(
        ReadOnlySpan<ReadOnlyMemory<byte>> keys, Memory<MetaReply> replies, MetaGet get, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replies.Length, keys.Length, nameof(replies));
        if (keys.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

        var bytes = 0;
        foreach (var key in keys)
        {
            CommandBuffer.CheckKey(key.Span);
            bytes += CommandBuffer.SizeOf(key.Length, 0);
        }

        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        BatchReply batch;
        ValueTask task;
        bool start;
        lock (_gate)
        {
            if (Refusal(bytes) is { } refusal)
            {
                return ValueTask.FromException(refusal);
            }

            _send.Outgoing.AppendGets(keys, get);
            batch = _batches.TryTake() ?? new BatchReply(_batches);
            batch.Begin(keys.Length, replies[..keys.Length]);
            task = batch.Task;
            start = Enqueue(batch, TicksPerTimeout, hasValues: false);
        }

        Leave(batch, start, atOnce: true, cancellation);
        return task;
    }

    /// <summary>Runs a pipeline; its replies are in it when the task is done. It may be filled anew from then on, also if the run failed.</summary>
    /// <exception cref="MemcachedException">There is no reply; any number of its first commands may have been run.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the commands are run all the same.</exception>
    public ValueTask RunAsync(MetaPipeline pipeline, CancellationToken cancellation = default)
    {
        pipeline.ForgetReplies();
        if (pipeline.Count == 0)
        {
            return ValueTask.CompletedTask;
        }

        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        BatchReply batch;
        ValueTask task;
        bool start;
        lock (_gate)
        {
            if (Refusal(pipeline.Bytes) is { } refusal)
            {
                return ValueTask.FromException(refusal);
            }

            _send.Outgoing.Append(pipeline.Commands);
            _send.Outgoing.Append("mn\r\n"u8);
            batch = _batches.TryTake() ?? new BatchReply(_batches);
            batch.Begin(pipeline);
            task = batch.Task;
            start = Enqueue(batch, _pipelineTicks, pipeline.HasValues);
        }

        Leave(batch, start, atOnce: true, cancellation);
        return task;
    }

    /// <summary>Looks at an item without touching it (<c>me</c>); null if there is none.</summary>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    public ValueTask<MetaDebug?> DebugAsync(ReadOnlySpan<byte> key, CancellationToken cancellation = default)
    {
        CommandBuffer.CheckKey(key);
        return RunAsync([.. "me "u8, .. key, .. "\r\n"u8]);

        async ValueTask<MetaDebug?> RunAsync(byte[] command) =>
            DebugLine.Parse((await RunLinesAsync(command, untilEnd: false, cancellation).ConfigureAwait(false))[0]);
    }

    /// <summary>The server's statistics (<c>stats</c>), or those of a group, e.g. "settings".</summary>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    public async ValueTask<IReadOnlyDictionary<string, string>> StatsAsync(string? group = null, CancellationToken cancellation = default)
    {
        if (group is not null && !group.All(char.IsAsciiLetter))
        {
            throw new ArgumentException($"'{group}' is no group of statistics.", nameof(group));
        }

        var command = group is null ? "stats\r\n" : $"stats {group}\r\n";
        var lines = await RunLinesAsync(Encoding.ASCII.GetBytes(command), untilEnd: true, cancellation).ConfigureAwait(false);
        var stats = new Dictionary<string, string>(lines.Count, StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (line.Split(' ', 3) is ["STAT", var name, var value])
            {
                stats[name] = value;
            }
        }

        return stats;
    }

    /// <summary>Closes the connection; commands without a reply fail with <see cref="MemcachedUnavailableException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Break(new ObjectDisposedException(nameof(MetaConnection)));
        await _ended.Task.ConfigureAwait(false);
    }

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
