namespace InstaGrpc.Memcached;

/// <summary>One memcached server: a few connections that all callers share. Commands of many callers go out in one write. Connections are made
/// at the first command and made again in the background when they break; a command is never repeated.</summary>
public sealed class MemcachedServer : IAsyncDisposable
{
    /// <summary>The server's address, <c>host:port</c>.</summary>
    public string Address => throw new NotImplementedException();

    /// <summary>Whether the server can be asked.</summary>
    public MemcachedServerState State => throw new NotImplementedException();

    /// <summary>False while commands would fail at once.</summary>
    public bool IsAvailable => State is not (MemcachedServerState.Down or MemcachedServerState.Closed);

    /// <summary>Rises whenever one of the shared connections is lost and whenever one is made, before any reply of the new one is delivered.
    /// What was learnt about the server's contents under another number may be about an earlier life of the server.</summary>
    public long ConnectionEpoch => throw new NotImplementedException();

    /// <summary>What the server says it is, e.g. "1.6.18"; null before the first connection.</summary>
    public string? ServerVersion => throw new NotImplementedException();

    /// <summary>Why the last connection could not be made, or was lost; null if there was no fault yet.</summary>
    public string? LastFault => throw new NotImplementedException();

    /// <summary>Connects now instead of at the first command.</summary>
    /// <exception cref="MemcachedUnavailableException">The server can't be reached.</exception>
    /// <exception cref="MetaCommandsUnsupportedException">The server knows no meta commands.</exception>
    public ValueTask ConnectAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Opens a connection that is the caller's alone and that the caller closes.</summary>
    /// <exception cref="MemcachedUnavailableException">The server can't be reached.</exception>
    /// <exception cref="MetaCommandsUnsupportedException">The server knows no meta commands.</exception>
    public ValueTask<MetaConnection> ConnectExclusiveAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Runs an <c>mg</c>.</summary>
    /// <exception cref="ArgumentException">The key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    /// <exception cref="MemcachedException">There is no reply.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; a lease may have been taken all the same.</exception>
    public ValueTask<MetaReply> GetAsync(ReadOnlySpan<byte> key, MetaGet get, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Runs an <c>ms</c>.</summary>
    /// <exception cref="ArgumentException">As for <see cref="GetAsync"/>, or the value is larger than 1 MiB.</exception>
    public ValueTask<MetaReply> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Runs an <c>md</c>.</summary>
    public ValueTask<MetaReply> DeleteAsync(ReadOnlySpan<byte> key, MetaDelete delete = default, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Runs one <c>mg</c> for each key, in one round trip.</summary>
    /// <param name="keys">Encoded before the call returns.</param>
    /// <param name="replies">At least as long as <paramref name="keys"/>; written when the task is awaited, and only if it succeeds.</param>
    /// <param name="get">The same for all keys.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public ValueTask GetManyAsync(
        ReadOnlySpan<ReadOnlyMemory<byte>> keys, Memory<MetaReply> replies, MetaGet get, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Runs a pipeline; its replies are in it when the task is done.</summary>
    public ValueTask RunAsync(MetaPipeline pipeline, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Looks at an item without touching it (<c>me</c>); null if there is none.</summary>
    public ValueTask<MetaDebug?> DebugAsync(ReadOnlySpan<byte> key, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>The server's statistics (<c>stats</c>), or those of a group, e.g. "settings".</summary>
    public ValueTask<IReadOnlyDictionary<string, string>> StatsAsync(string? group = null, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Closes all shared connections; commands without a reply fail with <see cref="MemcachedUnavailableException"/>.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
