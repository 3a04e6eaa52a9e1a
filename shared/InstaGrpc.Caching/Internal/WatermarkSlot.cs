using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>The watermark of one node on one server, as this process knows it: at most 250 ms old, and not older than the connection.</summary>
internal sealed class WatermarkSlot(MemcachedServer server, byte[] key, TimeProvider time)
{
    private static readonly TimeSpan _freshFor = TimeSpan.FromMilliseconds(250);

    // Half the age, so that with steady traffic no read ever waits for a refresh.
    private static readonly TimeSpan _refreshAfter = TimeSpan.FromMilliseconds(125);
    private static readonly TimeSpan _pollEvery = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan _pollFor = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private KnownWatermark? _known;
    private Task<KnownWatermark?>? _refresh;
    private Task<KnownWatermark?>? _poll;
    private DateTime _newestAsOf;
    private long _grewAt;

    public MemcachedServer Server => server;

    /// <summary>What is known if it is young enough, without waiting.</summary>
    public KnownWatermark? TryGet()
    {
        var known = Volatile.Read(ref _known);
        if (known is null || known.ConnectionEpoch != server.ConnectionEpoch)
        {
            return null;
        }

        var age = time.GetElapsedTime(known.SentAt);
        if (age > _freshFor)
        {
            return null;
        }

        if (age > _refreshAfter)
        {
            _ = RefreshAsync();
        }

        return known;
    }

    /// <summary>What is known, or what a read says that is shared with everybody who waits. Null: the server can't be asked.</summary>
    public ValueTask<KnownWatermark?> GetAsync(CancellationToken cancellation) =>
        TryGet() is { } known ? new(known) : new(RefreshAsync().WaitAsync(cancellation));

    /// <summary>Waits, as long as it is worth it, until every change up to a token is applied on this server. Null: the server can't be asked; the
    /// caller looks whether the token was reached.</summary>
    public async ValueTask<KnownWatermark?> WaitForAsync(TokenPosition token, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        var known = await RefreshAsync().WaitAsync(cancellation).ConfigureAwait(false);
        while (known?.Watermark is { } watermark && !watermark.Lo.Reaches(token)
            && watermark.Lo.Timeline == token.Timeline && time.GetElapsedTime(since) < _pollFor)
        {
            known = await PollAsync().WaitAsync(cancellation).ConfigureAwait(false);
        }

        return known;
    }

    /// <summary>Reads it now: the question goes out after this call. A fence must be read so, after its lease.</summary>
    public async Task<KnownWatermark?> ReadAsync()
    {
        var epoch = server.ConnectionEpoch;
        var sentAt = time.GetTimestamp();
        try
        {
            var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }).ConfigureAwait(false);
            return Keep(reply.Status switch
            {
                MetaStatus.Hit => Watermark.TryRead(reply.Value),
                _ => null,
            }, sentAt, epoch);
        }
        catch (MemcachedException)
        {
            return null;
        }
    }

    private KnownWatermark Keep(Watermark? watermark, long sentAt, long epoch)
    {
        lock (_lock)
        {
            if (watermark is not null && (watermark.AsOf > _newestAsOf || _grewAt == 0))
            {
                _newestAsOf = watermark.AsOf;
                _grewAt = sentAt;
            }

            var known = new KnownWatermark(watermark, sentAt, epoch, _grewAt);

            // Two reads may overtake each other on two connections: the one that was asked last wins, so that lo does not seem to fall.
            if (_known is null || _known.SentAt <= sentAt)
            {
                Volatile.Write(ref _known, known);
            }

            return known;
        }
    }

    private Task<KnownWatermark?> RefreshAsync()
    {
        lock (_lock)
        {
            return _refresh is { IsCompleted: false } running ? running : _refresh = ReadAsync();
        }
    }

    private Task<KnownWatermark?> PollAsync()
    {
        lock (_lock)
        {
            return _poll is { IsCompleted: false } running ? running : _poll = DelayedReadAsync();
        }

        async Task<KnownWatermark?> DelayedReadAsync()
        {
            await Task.Delay(_pollEvery, time).ConfigureAwait(false);
            return await ReadAsync().ConfigureAwait(false);
        }
    }
}
