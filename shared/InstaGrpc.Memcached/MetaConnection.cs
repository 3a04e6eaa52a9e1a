namespace InstaGrpc.Memcached;

/// <summary>One connection of its own, on which commands run in the order in which they were called. It is not replaced when it breaks:
/// whoever needs to know that nothing was lost in between holds one of these.</summary>
public sealed class MetaConnection : IAsyncDisposable
{
    /// <summary>The server's address, <c>host:port</c>.</summary>
    public string Address => throw new NotImplementedException();

    /// <summary>What the server says it is, e.g. "1.6.18".</summary>
    public string ServerVersion => throw new NotImplementedException();

    /// <summary>True once the connection is lost or disposed. Every command then fails.</summary>
    public bool IsBroken => throw new NotImplementedException();

    /// <summary>Cancelled when the connection is lost or disposed.</summary>
    public CancellationToken Closed => throw new NotImplementedException();

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

    /// <summary>Closes the connection; commands without a reply fail with <see cref="MemcachedUnavailableException"/>.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
