using System.Buffers.Binary;
using System.Text;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Leased entries under the callers' own keys ("namespace/key"), invalidated by hand; what <c>LeaseCacheService</c> serves. Generation and lag are
/// those of the directory's watermark.</summary>
public sealed class LeaseCache
{
    /// <summary>Largest value, in bytes: memcached's limit of an item without key and headers.</summary>
    public const int MaxValueBytes = (1024 * 1024) - 1024;

    private const int LeaseSeconds = 10;

    // Marked values stay for callers who allow staleness; this is the longest that any may.
    private const int MarkSeconds = 61;

    private readonly CacheRuntime _runtime;
    private readonly NodeState _node;

    /// <summary>Makes it.</summary>
    /// <param name="reads">The process's reader, whose servers and limits it shares.</param>
    /// <param name="directory">The directory's node.</param>
    public LeaseCache(CachedReads reads, NodeName directory)
    {
        _runtime = reads.Runtime;
        _node = _runtime.Node(directory);
    }

    /// <summary>How long a lease is its holder's; afterwards another reader may get one.</summary>
    public static TimeSpan LeaseTime { get; } = TimeSpan.FromSeconds(LeaseSeconds);

    /// <summary>The longest that a caller may allow a marked value to be served.</summary>
    public static TimeSpan MostStale { get; } = TimeSpan.FromSeconds(MarkSeconds - 1);

    /// <summary>A value, a stale one, the lease to fill it, or word that somebody else is filling it.</summary>
    /// <param name="key">"namespace/key"; not empty.</param>
    /// <param name="wait">How long to wait for somebody else's fill.</param>
    /// <param name="maxStale">How old a marked value may be; zero: never. At most <see cref="MostStale"/>.</param>
    /// <param name="token">The directory's position that the answer must include; null: any.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public async ValueTask<LeaseAnswer> GetAsync(
        string key, TimeSpan wait, TimeSpan maxStale, TokenPosition? token = null, CancellationToken cancellation = default)
    {
        var began = _runtime.Time.GetTimestamp();
        if (_runtime.Pool is null)
        {
            return Unleased();
        }

        var place = KeyLayout.Namespace(_runtime.Options.Prefix, _node.Name, key);
        var slot = _node.On(_runtime.Pool.OwnerOf(place.Ring.Span));
        try
        {
            var known = await slot.GetAsync(cancellation).ConfigureAwait(false);
            if (token is { } wanted && known is { Watermark: not null } && !known.Reaches(wanted))
            {
                known = await slot.WaitForAsync(wanted, cancellation).ConfigureAwait(false);
            }

            if (known?.Watermark is not { } watermark || watermark.Ring != _runtime.Pool.Ring.Version || (token is { } still && !known.Reaches(still)))
            {
                return Unleased();
            }

            var name = new EntryName(place.Under(watermark.Generation));
            var askedAt = _runtime.Time.GetTimestamp();
            var reply = await slot.Server.GetAsync(name.Key, MetaGet.Lease(LeaseSeconds)).ConfigureAwait(false);
            var mine = true;
            while (true)
            {
                var answer = await FollowAsync(slot, known, name, reply, mine, maxStale, token, askedAt).ConfigureAwait(false);
                if (answer is not null)
                {
                    return answer;
                }

                var left = wait - _runtime.Time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero)
                {
                    return new LeaseAnswer.Busy(TimeSpan.FromMilliseconds(20));
                }

                askedAt = _runtime.Time.GetTimestamp();
                if (await PollAsync(slot, name, left, cancellation).ConfigureAwait(false) is not { } polled)
                {
                    return new LeaseAnswer.Busy(TimeSpan.FromMilliseconds(20));
                }

                (reply, mine) = (polled.Reply, polled.IsWinner);
            }
        }
        catch (MemcachedException)
        {
            return Unleased();
        }
    }

    /// <summary>Fills a lease. False: it was lost, and the value is not kept.</summary>
    /// <param name="key">As for <see cref="GetAsync"/>.</param>
    /// <param name="leaseToken">From <see cref="LeaseAnswer.Lease"/>.</param>
    /// <param name="value">At most <see cref="MaxValueBytes"/>; null: there is no such thing.</param>
    /// <param name="ttl">Whole seconds, 1 s to 30 days.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArgumentException">The token is none, or the value too large; nothing was sent.</exception>
    public async ValueTask<bool> FillAsync(
        string key, ReadOnlyMemory<byte> leaseToken, ReadOnlyMemory<byte>? value, TimeSpan ttl, CancellationToken cancellation = default)
    {
        if (value is { Length: > MaxValueBytes })
        {
            throw new ArgumentException($"A value of {value.Value.Length} bytes is larger than an item can be ({MaxValueBytes}).", nameof(value));
        }

        if (leaseToken.IsEmpty)
        {
            return false;
        }

        var token = LeaseToken.Read(leaseToken.Span) ?? throw new ArgumentException("This is no lease token of this service.", nameof(leaseToken));
        if (_runtime.Pool?.Find(token.Server) is not { } server)
        {
            return false;
        }

        var place = KeyLayout.Namespace(_runtime.Options.Prefix, _node.Name, key);
        var bytes = new byte[EntryHeader.Bytes + (value?.Length ?? 0)];
        new EntryHeader(Refiller.NewRandom(), token.LeasedAt, token.Fence, value is not null).Write(bytes);
        value?.Span.CopyTo(bytes.AsSpan(EntryHeader.Bytes));
        try
        {
            // Any replica may fill: the token names the generation, and a generation is never used twice, so its CAS can't mean another life's item.
            var set = new MetaSet { Cas = token.Cas, TtlSeconds = (int)Math.Clamp(Math.Ceiling(ttl.TotalSeconds), 1, 30 * 86_400) };
            return (await server.SetAsync(place.Under(token.Generation), bytes, set, cancellation).ConfigureAwait(false)).IsHit;
        }
        catch (MemcachedException)
        {
            return false;
        }
    }

    /// <summary>Gives a lease back that will not be filled: the next reader gets one at once. One that was lost, or is empty, is nobody's business any
    /// more.</summary>
    /// <param name="key">As for <see cref="GetAsync"/>.</param>
    /// <param name="leaseToken">From <see cref="LeaseAnswer.Lease"/>.</param>
    public async ValueTask GiveBackAsync(string key, ReadOnlyMemory<byte> leaseToken)
    {
        if (LeaseToken.Read(leaseToken.Span) is { } token && _runtime.Pool?.Find(token.Server) is { } server)
        {
            // Marked, and not deleted: an old value under it stays for those who may have it, and an empty stub has a right to win again.
            var place = KeyLayout.Namespace(_runtime.Options.Prefix, _node.Name, key);
            await Lease.GiveBackAsync(server, place.Under(token.Generation), token.Cas, marked: true).ConfigureAwait(false);
        }
    }

    /// <summary>Marks the keys. When it returns, no reader gets what was filled or being filled before, unless it allows stale values.</summary>
    /// <exception cref="MemcachedException">A server could not be asked, or did not mark; its keys may be unmarked.</exception>
    public async ValueTask InvalidateAsync(IReadOnlyList<string> keys, CancellationToken cancellation = default)
    {
        if (_runtime.Pool is not { } pool)
        {
            return;
        }

        var perServer = new Dictionary<MemcachedServer, List<CacheKey>>();
        var owners = new List<MemcachedServer>();
        foreach (var key in keys)
        {
            var place = KeyLayout.Namespace(_runtime.Options.Prefix, _node.Name, key);
            owners.Clear();
            pool.OwnersOf(place.Ring.Span, owners);
            foreach (var server in owners)
            {
                (perServer.TryGetValue(server, out var there) ? there : perServer[server] = []).Add(place);
            }
        }

        await Task.WhenAll(perServer.Select(pair => MarkAsync(pair.Key, pair.Value, cancellation))).ConfigureAwait(false);
    }

    private async Task MarkAsync(MemcachedServer server, List<CacheKey> keys, CancellationToken cancellation)
    {
        // Read now, not remembered: under a generation that has ended a mark would reach nobody. One that begins after this read is read by nobody before
        // the write that these marks stand for.
        var known = await _node.On(server).ReadAsync().WaitAsync(cancellation).ConfigureAwait(false)
            ?? throw new MemcachedUnavailableException($"{server.Address} could not be asked; keys on it may be unmarked.");
        if (known.Watermark is not { } watermark)
        {
            // No generation, no readers.
            return;
        }

        var pipeline = new MetaPipeline();
        foreach (var key in keys)
        {
            pipeline.Delete(key.Under(watermark.Generation), MetaDelete.Mark(MarkSeconds), quiet: true);
        }

        await server.RunAsync(pipeline, cancellation).ConfigureAwait(false);
        for (var i = 0; i < pipeline.Count; i++)
        {
            if (pipeline[i].Status is not (MetaStatus.Hit or MetaStatus.NotFound))
            {
                throw new MemcachedProtocolException($"{server.Address} answered a mark with {pipeline[i]}; keys on it may be unmarked.");
            }
        }
    }

    /// <summary>What a reply comes to; null: somebody else fills.</summary>
    private async ValueTask<LeaseAnswer?> FollowAsync(
        WatermarkSlot slot, KnownWatermark known, EntryName name, MetaReply reply, bool mine, TimeSpan maxStale, TokenPosition? token, long askedAt)
    {
        if (!reply.IsHit || !_runtime.Clock.TryGetNow(_node.Name, out var now))
        {
            return Unleased();
        }

        var header = default(EntryHeader);
        var hasValue = reply.Value is { Length: > 0 };
        if (hasValue && !EntryHeader.TryRead(reply.Value, out header))
        {
            return Unleased();
        }

        var value = header.IsPresent ? reply.Value.AsMemory(EntryHeader.Bytes) : (ReadOnlyMemory<byte>?)null;
        var lag = known.Lag(now, _runtime.Time);
        if (hasValue && !reply.Stale)
        {
            if (lag <= _runtime.Options.MaxLag)
            {
                _runtime.Seen.Note(name.Hash, header.FillId, now - _runtime.Time.GetElapsedTime(askedAt));
                return new LeaseAnswer.Hit(value);
            }

            if (now - header.FilledAt <= _runtime.Options.MaxLag)
            {
                return new LeaseAnswer.Hit(value);
            }

            // As for a contract's entries: while nobody invalidates they live MaxLag.
            await slot.Server.DeleteAsync(name.Key, new MetaDelete { Cas = reply.Cas, MarkStale = true, TtlSeconds = LeaseSeconds }).ConfigureAwait(false);
            reply = await slot.Server.GetAsync(name.Key, MetaGet.Lease(LeaseSeconds)).ConfigureAwait(false);
            mine = true;
        }

        if (reply.Won && mine)
        {
            // As for a contract's entries: the generation must still be the one of the key, now that the lease is held.
            var after = await slot.ReadAsync().ConfigureAwait(false);
            if (after?.Watermark is not { } fence || fence.Generation != known.Watermark!.Generation)
            {
                return Unleased();
            }

            var lease = new LeaseToken(slot.Server.Address, fence.Generation, reply.Cas, now, fence.Hi);
            return new LeaseAnswer.Lease(lease.ToBytes(), "primary", TimeSpan.FromSeconds(LeaseSeconds));
        }

        if (!hasValue || !reply.Stale)
        {
            return null;
        }

        var monotonic = _runtime.MonotonicNow;
        if (monotonic - _runtime.Marks.FirstSeen(name.Hash, reply.Cas, monotonic) > TimeSpan.FromSeconds(LeaseSeconds))
        {
            // Its winner is gone.
            await slot.Server.DeleteAsync(name.Key, new MetaDelete { Cas = reply.Cas, MarkStale = true }).ConfigureAwait(false);
        }

        var valid = _runtime.Seen.Find(name.Hash, header.FillId) is { } seen && seen > header.FilledAt ? seen : header.FilledAt;
        var age = now - valid;
        return age <= (maxStale < MostStale ? maxStale : MostStale) && maxStale > TimeSpan.Zero && (token is not { } wanted || header.Fence.Reaches(wanted))
            ? new LeaseAnswer.Stale(value, age > TimeSpan.Zero ? age : TimeSpan.Zero)
            : null;
    }

    private async ValueTask<PollReply?> PollAsync(WatermarkSlot slot, EntryName name, TimeSpan left, CancellationToken cancellation)
    {
        var waiter = _runtime.Flights.Join(name, _runtime, slot, LeaseSeconds);
        try
        {
            return await waiter.Reply.WaitAsync(left, _runtime.Time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!waiter.TryGiveUp() && await waiter.Reply.ConfigureAwait(false) is { IsWinner: true } late)
            {
                await Lease.GiveBackAsync(slot.Server, name.Key, late.Reply.Cas, late.Reply.Stale).ConfigureAwait(false);
            }

            if (e is TimeoutException)
            {
                return null;
            }

            throw;
        }
    }

    // The caller reads his source and goes on; there is nothing to fill.
    private static LeaseAnswer.Lease Unleased() => new(default, "primary", TimeSpan.Zero);

    private sealed record LeaseToken(string Server, ulong Generation, ulong Cas, DateTime LeasedAt, ReplayPosition Fence)
    {
        private const int Fixed = 1 + 8 + 8 + 8 + 16;
        private const byte Version = 1;

        public byte[] ToBytes()
        {
            var bytes = new byte[Fixed + Encoding.ASCII.GetByteCount(Server)];
            bytes[0] = Version;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), Generation);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), Cas);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(17), LeasedAt.Ticks);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(25), Fence.Timeline.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(29), Fence.Lsn.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(37), Fence.Index);
            Encoding.ASCII.GetBytes(Server, bytes.AsSpan(Fixed));
            return bytes;
        }

        public static LeaseToken? Read(ReadOnlySpan<byte> bytes) => bytes.Length is <= Fixed or > 512 || bytes[0] != Version
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[17..]) is not (> 0 and < 3_155_378_975_999_999_999 and var ticks)
            ? null
            : new LeaseToken(
                Encoding.ASCII.GetString(bytes[Fixed..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[9..]),
                new DateTime(ticks, DateTimeKind.Utc),
                new ReplayPosition(
                    new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(bytes[25..])),
                    new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(bytes[29..])),
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[37..])));
    }
}
