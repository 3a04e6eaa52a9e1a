using Microsoft.Extensions.Logging;

namespace InstaGrpc.Memcached;

/// <summary>The memcached servers of a region and the rings that place keys on them.</summary>
public sealed class MemcachedPool : IAsyncDisposable
{
    /// <summary>Makes a pool on one ring of <see cref="MemcachedOptions.Servers"/>. Connects nothing yet.</summary>
    /// <param name="options">At least one server.</param>
    /// <param name="loggers">Where connections made and lost are logged; null: nowhere.</param>
    /// <param name="time">Clock of the timeouts and waits; null: the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public MemcachedPool(MemcachedOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null) =>
        throw new NotImplementedException();

    /// <summary>The ring that keys are placed by now.</summary>
    public KetamaRing Ring => throw new NotImplementedException();

    /// <summary>Every ring in use within the longest TTL, the current one first. A key is invalidated on its owner under each of them.</summary>
    public IReadOnlyList<KetamaRing> Rings => throw new NotImplementedException();

    /// <summary>The servers of all rings.</summary>
    public IReadOnlyList<MemcachedServer> Servers => throw new NotImplementedException();

    /// <summary>The server that owns a key under the current ring.</summary>
    public MemcachedServer OwnerOf(ReadOnlySpan<byte> ringKey) => throw new NotImplementedException();

    /// <summary>Adds the owners of a key under every ring to <paramref name="owners"/>, each once, the current ring's first.</summary>
    public void OwnersOf(ReadOnlySpan<byte> ringKey, IList<MemcachedServer> owners) => throw new NotImplementedException();

    /// <summary>The server with this address, or null.</summary>
    public MemcachedServer? Find(string address) => throw new NotImplementedException();

    /// <summary>Changes the rings. Servers that stay keep their connections; those on no ring any more are closed.</summary>
    /// <param name="current">The ring to place keys by from now on.</param>
    /// <param name="earlier">Rings that were in use within the longest TTL.</param>
    public void UseRings(KetamaRing current, params ReadOnlySpan<KetamaRing> earlier) => throw new NotImplementedException();

    /// <summary>Connects to every server now.</summary>
    /// <exception cref="MetaCommandsUnsupportedException">A server knows no meta commands. Servers that can't be reached are no error here:
    /// their state says so, and attempts go on.</exception>
    public ValueTask ConnectAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Runs one <c>mg</c> for each key: one round trip for each server, all servers at a time. A server that can't be asked leaves
    /// <see cref="MetaStatus.Unanswered"/> for its keys and spoils nothing for the others.</summary>
    /// <param name="keys">Not to be changed until the task is done.</param>
    /// <param name="replies">At least as long as <paramref name="keys"/>.</param>
    /// <param name="get">The same for all keys.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public ValueTask GetManyAsync(
        ReadOnlyMemory<ServerKey> keys, Memory<MetaReply> replies, MetaGet get, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>Closes every connection.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
