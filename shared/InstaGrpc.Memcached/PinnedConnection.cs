namespace InstaGrpc.Memcached;

/// <summary>
/// One of a server's shared connections, for commands that belong together: all of them reach the same life of the server or fail. A CAS
/// means something only there, since a restarted server counts from 1 again and may have given the same number to another writer's
/// item.
/// </summary>
public readonly struct PinnedConnection
{
    private readonly MetaConnection _connection;

    internal PinnedConnection(MetaConnection connection) => _connection = connection;

    /// <summary>Runs an <c>mg</c>.</summary>
    /// <exception cref="MemcachedException">There is no reply; the connection may be lost.</exception>
    public ValueTask<MetaReply> GetAsync(ReadOnlySpan<byte> key, MetaGet get, CancellationToken cancellation = default) =>
        _connection.GetAsync(key, get, cancellation);

    /// <summary>Runs an <c>ms</c>.</summary>
    /// <exception cref="MemcachedException">There is no reply; the connection may be lost.</exception>
    public ValueTask<MetaReply> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, CancellationToken cancellation = default) =>
        _connection.SetAsync(key, value, set, cancellation);

    /// <summary>Runs an <c>md</c>.</summary>
    /// <exception cref="MemcachedException">There is no reply; the connection may be lost.</exception>
    public ValueTask<MetaReply> DeleteAsync(ReadOnlySpan<byte> key, MetaDelete delete = default, CancellationToken cancellation = default) =>
        _connection.DeleteAsync(key, delete, cancellation);
}
