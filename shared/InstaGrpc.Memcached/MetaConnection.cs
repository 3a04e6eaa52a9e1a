using System.Net.Sockets;
using System.Text;
using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

/// <summary>One connection, on which commands run in the order in which they were called. It is not replaced when it breaks: whoever
/// needs to know that nothing was lost in between opens one of its own.</summary>
/// <remarks>Callers append their commands to one buffer under a lock; whoever finds no write under way starts one. Replies come in the
/// order of the commands, so a queue of callers is all that is needed to match them. Reading never waits for writing.</remarks>
public sealed partial class MetaConnection : IAsyncDisposable
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
    /// <param name="replies">At least as long as <paramref name="keys"/>; written when the task is awaited, and only if it
    /// succeeds.</param>
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

    /// <summary>Runs a pipeline; its replies are in it when the task is done. It may be filled anew from then on, also if the run
    /// failed.</summary>
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
}
