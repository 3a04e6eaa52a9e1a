using InstaGrpc.Memcached.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Memcached;

/// <summary>The memcached servers of a region and the rings that place keys on them.</summary>
public sealed class MemcachedPool : IAsyncDisposable
{
    private readonly MemcachedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private Placement _placement;
    private bool _disposed;

    /// <summary>Makes a pool on one ring of <see cref="MemcachedOptions.Servers"/>. Connects nothing yet.</summary>
    /// <param name="options">At least one server.</param>
    /// <param name="loggers">Where connections made and lost are logged; null: nowhere.</param>
    /// <param name="time">Clock of the timeouts and waits; null: the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public MemcachedPool(MemcachedOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        OptionsCheck.ThrowIfInvalid(options);
        _options = options;
        _time = time ?? TimeProvider.System;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("InstaGrpc.Memcached");
        _placement = Place([new KetamaRing(options.Servers.Select(server => new RingServer(ServerAddress.Parse(server).ToString())))], []);
    }

    /// <summary>The ring that keys are placed by now.</summary>
    public KetamaRing Ring => _placement.Rings[0];

    /// <summary>Every ring in use within the longest TTL, the current one first. A key is invalidated on its owner under each of
    /// them.</summary>
    public IReadOnlyList<KetamaRing> Rings => _placement.Rings;

    /// <summary>The servers of all rings.</summary>
    public IReadOnlyList<MemcachedServer> Servers => _placement.Servers;

    /// <summary>The server that owns a key under the current ring.</summary>
    public MemcachedServer OwnerOf(ReadOnlySpan<byte> ringKey) => Volatile.Read(ref _placement).OwnerOf(0, ringKey);

    /// <summary>Adds the owners of a key under every ring to <paramref name="owners"/>, each once, the current ring's first.</summary>
    public void OwnersOf(ReadOnlySpan<byte> ringKey, IList<MemcachedServer> owners)
    {
        var placement = Volatile.Read(ref _placement);
        for (var ring = 0; ring < placement.Rings.Length; ring++)
        {
            var owner = placement.OwnerOf(ring, ringKey);
            if (!owners.Contains(owner))
            {
                owners.Add(owner);
            }
        }
    }

    /// <summary>The owner of a key under the current ring, with its incarnation.</summary>
    public KeyOwner KeyOwnerOf(ReadOnlySpan<byte> ringKey) => Volatile.Read(ref _placement).KeyOwnerOf(0, ringKey);

    /// <summary>Adds the owners of a key under every ring to <paramref name="owners"/>, with their incarnations, each once, the current
    /// ring's first.</summary>
    public void OwnersOf(ReadOnlySpan<byte> ringKey, IList<KeyOwner> owners)
    {
        var placement = Volatile.Read(ref _placement);
        for (var ring = 0; ring < placement.Rings.Length; ring++)
        {
            var owner = placement.KeyOwnerOf(ring, ringKey);
            if (ring == 0 || !owners.Contains(owner))
            {
                owners.Add(owner);
            }
        }
    }

    /// <summary>The server with this address (<c>host:port</c>), or null.</summary>
    public MemcachedServer? Find(string address) => Array.Find(_placement.Servers, server => server.Address == address);

    /// <summary>Changes the rings. Servers that stay keep their connections; those on no ring any more are closed.</summary>
    /// <param name="current">The ring to place keys by from now on.</param>
    /// <param name="earlier">Rings that were in use within the longest TTL.</param>
    /// <exception cref="ArgumentException">A ring holds an address that is none.</exception>
    public void UseRings(KetamaRing current, params ReadOnlySpan<KetamaRing> earlier)
    {
        MemcachedServer[] leaving;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var before = _placement;
            var after = Place([current, .. earlier], before.Servers);
            Volatile.Write(ref _placement, after);
            leaving = [.. before.Servers.Except(after.Servers)];
        }

        foreach (var server in leaving)
        {
            _ = server.DisposeAsync().AsTask();
        }
    }

    /// <summary>Connects to every server now.</summary>
    /// <exception cref="MetaCommandsUnsupportedException">A server knows no meta commands. Servers that can't be reached are no error here:
    /// their state says so, and attempts go on.</exception>
    public async ValueTask ConnectAsync(CancellationToken cancellation = default)
    {
        await Task.WhenAll(Servers.Select(TryConnectAsync)).ConfigureAwait(false);

        async Task TryConnectAsync(MemcachedServer server)
        {
            try
            {
                await server.ConnectAsync(cancellation).ConfigureAwait(false);
            }
            catch (MemcachedUnavailableException)
            {
                // Logged by the server.
            }
        }
    }

    /// <summary>Runs one <c>mg</c> for each key: one round trip for each server, all servers at a time. A server that can't be asked leaves
    /// <see cref="MetaStatus.Unanswered"/> for its keys and spoils nothing for the others.</summary>
    /// <param name="keys">Not to be changed until the task is done.</param>
    /// <param name="replies">At least as long as <paramref name="keys"/>.</param>
    /// <param name="get">The same for all keys.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArgumentException">A key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask GetManyAsync(
        ReadOnlyMemory<ServerKey> keys, Memory<MetaReply> replies, MetaGet get, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replies.Length, keys.Length, nameof(replies));
        var shares = new Dictionary<MemcachedServer, List<int>>();
        for (var i = 0; i < keys.Length; i++)
        {
            var server = keys.Span[i].Server;
            if (!shares.TryGetValue(server, out var share))
            {
                shares.Add(server, share = []);
            }

            share.Add(i);
        }

        await Task.WhenAll(shares.Select(share => AskAsync(share.Key, share.Value))).ConfigureAwait(false);

        async Task AskAsync(MemcachedServer server, List<int> share)
        {
            var some = new ReadOnlyMemory<byte>[share.Count];
            for (var i = 0; i < some.Length; i++)
            {
                some[i] = keys.Span[share[i]].Key;
            }

            var answers = new MetaReply[some.Length];
            try
            {
                await server.GetManyAsync(some, answers, get, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is MemcachedException or ObjectDisposedException)
            {
                Array.Fill(answers, new MetaReply(MetaStatus.Unanswered));
            }

            for (var i = 0; i < answers.Length; i++)
            {
                replies.Span[share[i]] = answers[i];
            }
        }
    }

    /// <summary>Closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        foreach (var server in Servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Placement Place(KetamaRing[] rings, MemcachedServer[] known)
    {
        var servers = rings.SelectMany(ring => ring.Servers).Select(server => server.Address).Distinct().ToDictionary(
            address => address,
            address => Array.Find(known, server => server.Address == address)
                ?? new MemcachedServer(ServerAddress.Parse(address), _options, _time, _logger));
        return new Placement(
            rings,
            [.. rings.Select(ring => ring.Servers.Select(server => servers[server.Address]).ToArray())],
            [.. servers.Values]);
    }

    /// <summary>Rings and servers, exchanged as one.</summary>
    private sealed record Placement(KetamaRing[] Rings, MemcachedServer[][] Owners, MemcachedServer[] Servers)
    {
        public MemcachedServer OwnerOf(int ring, ReadOnlySpan<byte> ringKey) => Owners[ring][Rings[ring].OwnerIndexOf(ringKey)];

        public KeyOwner KeyOwnerOf(int ring, ReadOnlySpan<byte> ringKey)
        {
            var at = Rings[ring].OwnerIndexOf(ringKey);
            return new KeyOwner(Owners[ring][at], Rings[ring].Servers[at].Incarnation);
        }
    }
}
