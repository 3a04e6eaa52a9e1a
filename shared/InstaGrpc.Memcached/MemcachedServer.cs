using InstaGrpc.Memcached.Internal;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Memcached;

/// <summary>One memcached server: a few connections that all callers share. Commands of many callers go out in one write. Connections
/// are made at the first command and made again in the background when they break; a command is never repeated.</summary>
public sealed partial class MemcachedServer : IAsyncDisposable
{
    private readonly ServerAddress _address;
    private readonly MemcachedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly MetaConnection?[] _shared;
    private readonly CancellationTokenSource _disposed = new();
    private Task[] _keepers = [];
    private TaskCompletionSource<Exception?> _nextAttempt = NewAttempt();
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;
    private bool _attempted;
    private Exception? _connectFault;
    private long _epoch;

    internal MemcachedServer(ServerAddress address, MemcachedOptions options, TimeProvider time, ILogger logger)
    {
        _address = address;
        _options = options;
        _time = time;
        _logger = logger;
        _shared = new MetaConnection?[options.ConnectionsPerServer];
        Address = address.ToString();
    }

    /// <summary>The server's address, <c>host:port</c>.</summary>
    public string Address { get; }

    /// <summary>Whether the server can be asked.</summary>
    public MemcachedServerState State
    {
        get
        {
            lock (_gate)
            {
                return _disposed.IsCancellationRequested ? MemcachedServerState.Closed
                    : _open > 0 ? MemcachedServerState.Up
                    : _attempted ? MemcachedServerState.Down
                    : _keepers.Length > 0 ? MemcachedServerState.Connecting
                    : MemcachedServerState.Idle;
            }
        }
    }

    /// <summary>False while commands would fail at once.</summary>
    public bool IsAvailable => State is not (MemcachedServerState.Down or MemcachedServerState.Closed);

    /// <summary>Rises whenever one of the shared connections is lost and whenever one is made, before any reply of the new one is
    /// delivered. What was learnt about the server's contents under another number may be about an earlier life of the server.</summary>
    public long ConnectionEpoch => Volatile.Read(ref _epoch);

    /// <summary>What the server says it is, e.g. "1.6.18"; null before the first connection.</summary>
    public string? ServerVersion { get; private set; }

    /// <summary>Why the last connection could not be made, or was lost; null if there was no fault yet.</summary>
    public string? LastFault { get; private set; }

    /// <summary>Connects now instead of at the first command, and without waiting for the next attempt if the last one failed.</summary>
    /// <exception cref="MemcachedUnavailableException">The server can't be reached.</exception>
    /// <exception cref="MetaCommandsUnsupportedException">The server knows no meta commands.</exception>
    public async ValueTask ConnectAsync(CancellationToken cancellation = default)
    {
        Task<Exception?> attempt;
        lock (_gate)
        {
            if (_open > 0)
            {
                return;
            }

            Start();
            attempt = _nextAttempt.Task;
            _wake.TrySetResult();
        }

        if (await attempt.WaitAsync(cancellation).ConfigureAwait(false) is { } fault)
        {
            throw Again(fault);
        }
    }

    /// <summary>Opens a connection that is the caller's alone and that the caller closes.</summary>
    /// <exception cref="MemcachedUnavailableException">The server can't be reached.</exception>
    /// <exception cref="MetaCommandsUnsupportedException">The server knows no meta commands.</exception>
    public async ValueTask<MetaConnection> ConnectExclusiveAsync(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        return await MetaConnection.OpenAsync(_address, _options, _time, cancellation).ConfigureAwait(false);
    }

    /// <summary>Picks one of the shared connections for commands that belong together. It is not the caller's to close.</summary>
    /// <exception cref="MemcachedException">There is none.</exception>
    public ValueTask<PinnedConnection> PinAsync(CancellationToken cancellation = default)
    {
        return TryPick(out var connection) ? ValueTask.FromResult(new PinnedConnection(connection)) : LaterAsync(this, cancellation);

        static async ValueTask<PinnedConnection> LaterAsync(MemcachedServer server, CancellationToken cancellation) =>
            new(await server.PickAsync(cancellation).ConfigureAwait(false));
    }

    /// <summary>Runs an <c>mg</c>.</summary>
    /// <exception cref="ArgumentException">The key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; a lease may have been taken all the same.</exception>
    public ValueTask<MetaReply> GetAsync(ReadOnlySpan<byte> key, MetaGet get, CancellationToken cancellation = default)
    {
        return TryPick(out var connection)
            ? connection.GetAsync(key, get, cancellation)
            : LaterAsync(this, key.ToArray(), get, cancellation);

        // Static, here and below: a closure would be allocated at each call, also where it is not used.
        static async ValueTask<MetaReply> LaterAsync(MemcachedServer server, byte[] key, MetaGet get, CancellationToken cancellation) =>
            await (await server.PickAsync(cancellation).ConfigureAwait(false)).GetAsync(key, get, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs an <c>ms</c>.</summary>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>, or the value is larger than 1 MiB.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the value may have been stored all the same.</exception>
    public ValueTask<MetaReply> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, CancellationToken cancellation = default)
    {
        return TryPick(out var connection)
            ? connection.SetAsync(key, value, set, cancellation)
            : LaterAsync(this, key.ToArray(), value.ToArray(), set, cancellation);

        static async ValueTask<MetaReply> LaterAsync(
            MemcachedServer server, byte[] key, byte[] value, MetaSet set, CancellationToken cancellation) =>
            await (await server.PickAsync(cancellation).ConfigureAwait(false))
                .SetAsync(key, value, set, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs an <c>md</c>.</summary>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the item may have been deleted all the same.</exception>
    public ValueTask<MetaReply> DeleteAsync(ReadOnlySpan<byte> key, MetaDelete delete = default, CancellationToken cancellation = default)
    {
        return TryPick(out var connection)
            ? connection.DeleteAsync(key, delete, cancellation)
            : LaterAsync(this, key.ToArray(), delete, cancellation);

        static async ValueTask<MetaReply> LaterAsync(
            MemcachedServer server, byte[] key, MetaDelete delete, CancellationToken cancellation) =>
            await (await server.PickAsync(cancellation).ConfigureAwait(false)).DeleteAsync(key, delete, cancellation).ConfigureAwait(false);
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
        return TryPick(out var connection)
            ? connection.GetManyAsync(keys, replies, get, cancellation)
            : LaterAsync(this, keys.ToArray(), replies, get, cancellation);

        static async ValueTask LaterAsync(
            MemcachedServer server, ReadOnlyMemory<byte>[] keys, Memory<MetaReply> replies, MetaGet get, CancellationToken cancellation) =>
            await (await server.PickAsync(cancellation).ConfigureAwait(false))
                .GetManyAsync(keys, replies, get, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs a pipeline on one of the shared connections; its replies are in it when the task is done.</summary>
    /// <exception cref="MemcachedException">There is no reply; any number of its first commands may have been run.</exception>
    public ValueTask RunAsync(MetaPipeline pipeline, CancellationToken cancellation = default)
    {
        return TryPick(out var connection) ? connection.RunAsync(pipeline, cancellation) : LaterAsync(this, pipeline, cancellation);

        static async ValueTask LaterAsync(MemcachedServer server, MetaPipeline pipeline, CancellationToken cancellation) =>
            await (await server.PickAsync(cancellation).ConfigureAwait(false)).RunAsync(pipeline, cancellation).ConfigureAwait(false);
    }

    /// <summary>Looks at an item without touching it (<c>me</c>); null if there is none.</summary>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    public ValueTask<MetaDebug?> DebugAsync(ReadOnlySpan<byte> key, CancellationToken cancellation = default)
    {
        return LaterAsync(key.ToArray());

        async ValueTask<MetaDebug?> LaterAsync(byte[] copy) =>
            await (await PickAsync(cancellation).ConfigureAwait(false)).DebugAsync(copy, cancellation).ConfigureAwait(false);
    }

    /// <summary>The server's statistics (<c>stats</c>), or those of a group, e.g. "settings".</summary>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    public async ValueTask<IReadOnlyDictionary<string, string>> StatsAsync(
        string? group = null, CancellationToken cancellation = default) =>
        await (await PickAsync(cancellation).ConfigureAwait(false)).StatsAsync(group, cancellation).ConfigureAwait(false);

    /// <summary>Closes all shared connections; commands without a reply fail with <see cref="MemcachedUnavailableException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] keepers;
        lock (_gate)
        {
            // Cancelled under the lock: Start looks at it there, so no keeper can begin after this.
            _disposed.Cancel();
            keepers = _keepers;
            _nextAttempt.TrySetResult(new ObjectDisposedException(nameof(MemcachedServer)));
        }

        await Task.WhenAll(keepers).ConfigureAwait(false);
    }
}
