using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using InstaGrpc.Memcached;
using InstaGrpc.Timelines.Internal;

namespace InstaGrpc.Timelines;

/// <summary>
/// One user's timeline in memcached: looked at, built, made smaller, dropped. What is here can be lost at any moment; PostgreSQL has the posts.
/// </summary>
/// <remarks>
/// <para>Building, and why nothing is missed: (1) <see cref="BeginAsync"/> adds an item in the state BUILDING with a token of its own.
/// (2) The caller reads follows and posts from the primaries. (3) <see cref="FinishAsync"/> reads the item, checks the token, and puts
/// the union of both in its place by CAS.</para>
/// <para>A post that commits before the caller's query is in its result; one that commits later is fanned out after (1), so its append is in
/// the item that (3) reads, or comes between the read and the CAS of (3), which then fails and is done again. Whoever follows somebody
/// has his timeline deleted after the inverse edge is stored: a builder who read the old follows finds the item gone, or another builder's
/// token in it, and starts over.</para>
/// <para>(1) and (3) run on one connection. After a restart memcached counts CAS from 1 again, so a CAS of the former life could by chance
/// fit the item of another builder, whose appends would then be overwritten; the lost connection tells.</para>
/// </remarks>
public sealed class TimelineStore
{
    private const int MostFinishes = 100;

    private static readonly MetaGet _look = new() { Return = MetaReturn.Value | MetaReturn.Cas | MetaReturn.Ttl };

    private readonly MemcachedPool _pool;
    private readonly TimelineKey _keys;
    private readonly FanoutOptions _options;
    private readonly TimeProvider _time;

    /// <param name="pool">The region's servers.</param>
    /// <param name="keys">How timelines are named.</param>
    /// <param name="options">Cap and lifetimes.</param>
    /// <param name="time">For the time of building in the header.</param>
    public TimelineStore(MemcachedPool pool, TimelineKey keys, FanoutOptions options, TimeProvider time)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Timelines are little-endian and read as they are stored.");
        }

        (_pool, _keys, _options, _time) = (pool, keys, options, time);
    }

    /// <summary>For tests: runs between the look and the swap of <see cref="FinishAsync"/>, where others may come in between.</summary>
    internal Func<ValueTask>? Looked { get; init; }

    /// <summary>The timeline as it is; null: there is none.</summary>
    /// <exception cref="MemcachedException">The server can't be asked.</exception>
    public async ValueTask<StoredTimeline?> ReadAsync(long user, CancellationToken cancellation = default)
    {
        var (server, key) = Locate(user);
        var connection = await server.PinAsync(cancellation).ConfigureAwait(false);
        var reply = await connection.GetAsync(key, _look, cancellation).ConfigureAwait(false);
        if (!reply.IsHit)
        {
            return null;
        }

        if (TimelineHeader.TryRead(reply.Value, out var header))
        {
            return new StoredTimeline(user, header, reply, connection);
        }

        // Of another version, or damaged: it is built anew.
        await connection.DeleteAsync(key, new MetaDelete { Cas = reply.Cas }, cancellation).ConfigureAwait(false);
        return null;
    }

    /// <summary>Takes the right to build; null: somebody else has it, or the timeline is there.</summary>
    /// <exception cref="MemcachedException">The server can't be asked, or has no room.</exception>
    public async ValueTask<TimelineBuild?> BeginAsync(long user, CancellationToken cancellation = default)
    {
        var (server, key) = Locate(user);
        var connection = await server.PinAsync(cancellation).ConfigureAwait(false);
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        var token = BinaryPrimitives.ReadUInt64LittleEndian(random);
        var now = (uint)_time.GetUtcNow().ToUnixTimeSeconds();
        var header = new byte[TimelineHeader.Size];
        new TimelineHeader(TimelineState.Building, 0, token, now).Write(header);
        var set = new MetaSet { Mode = MetaSetMode.Add, TtlSeconds = (int)_options.BuildLifetime.TotalSeconds };
        var reply = await connection.SetAsync(key, header, set, cancellation).ConfigureAwait(false);
        if (reply.Status == MetaStatus.ServerError)
        {
            // Nobody builds: who waits for him would wait in vain.
            throw new MemcachedUnavailableException($"memcached {server.Address} has no room for a timeline: {reply.Error}");
        }

        return reply.IsHit ? new TimelineBuild(user, token, now, connection) : null;
    }

    /// <summary>Puts what was read and what was appended meanwhile in the place of the building.</summary>
    /// <returns>False: the item is gone or another's, or the server has no room; what was read may miss something, so start over with
    /// <see cref="BeginAsync"/>.</returns>
    /// <exception cref="MemcachedException">The connection that the build began on is lost: start over, too.</exception>
    public async ValueTask<bool> FinishAsync(TimelineBuild build, TimelineContent content, CancellationToken cancellation = default)
    {
        var (_, key) = Locate(build.User);
        for (var i = 0; i < MostFinishes; i++)
        {
            var reply = await build.Connection.GetAsync(key, _look, cancellation).ConfigureAwait(false);
            if (!reply.IsHit || !TimelineHeader.TryRead(reply.Value, out var header)
                || header.State != TimelineState.Building || header.Token != build.Token)
            {
                return false;
            }

            if (Looked is { } looked)
            {
                await looked().ConfigureAwait(false);
            }

            var ready = new TimelineHeader(TimelineState.Ready, content.Floor, build.Token, build.BeganAt);
            var item = Compose(ready, content, StoredTimeline.Read(reply.Value));
            var set = new MetaSet { Cas = reply.Cas, TtlSeconds = (int)_options.TimelineLifetime.TotalSeconds };
            var stored = await build.Connection.SetAsync(key, item, set, cancellation).ConfigureAwait(false);
            if (stored.Status != MetaStatus.Exists)
            {
                // Neither gone nor another's: refused. memcached has deleted what stood there, so that nobody takes it for the new item.
                build.HadNoRoom = stored.Status is not (MetaStatus.Hit or MetaStatus.NotFound);
                return stored.IsHit;
            }

            // Appended to between the two: look again.
        }

        return false;
    }

    /// <summary>Gives the right to build back, if it is still this build's; a server that can't be asked is no error.</summary>
    public async ValueTask AbandonAsync(TimelineBuild build)
    {
        var (_, key) = Locate(build.User);
        try
        {
            for (var i = 0; i < MostFinishes; i++)
            {
                var reply = await build.Connection.GetAsync(key, _look).ConfigureAwait(false);
                if (!reply.IsHit || !TimelineHeader.TryRead(reply.Value, out var header)
                    || header.State != TimelineState.Building || header.Token != build.Token)
                {
                    return;
                }

                var deleted = await build.Connection.DeleteAsync(key, new MetaDelete { Cas = reply.Cas }).ConfigureAwait(false);
                if (deleted.Status != MetaStatus.Exists)
                {
                    return;
                }

                // Appended to between the two: look again.
            }
        }
        catch (MemcachedException)
        {
            // It runs out by itself.
        }
    }

    /// <summary>Cuts a timeline that has grown past its cap down to it. One that was changed meanwhile is left to the next reader.</summary>
    /// <exception cref="MemcachedException">The server can't be asked.</exception>
    public async ValueTask CompactAsync(StoredTimeline timeline, CancellationToken cancellation = default)
    {
        // Notices do not count: cutting does not make them fewer.
        if (timeline.Header.State != TimelineState.Ready || timeline.PostEntries <= _options.TimelineCap + _options.TimelineSlack)
        {
            return;
        }

        var content = Compactor.Compact(timeline.Header, timeline.Entries, _options.TimelineCap);
        var (_, key) = Locate(timeline.User);
        var item = Compose(timeline.Header with { Floor = content.Floor }, content, []);

        // What is left of its time, not all of it again: a timeline is made anew once in its lifetime.
        var set = new MetaSet { Cas = timeline.Cas, TtlSeconds = Math.Max(1, timeline.SecondsLeft) };
        await timeline.Connection.SetAsync(key, item, set, cancellation).ConfigureAwait(false);
    }

    /// <summary>Deletes the timeline on its owner under every ring; whoever is building it starts over.</summary>
    /// <exception cref="MemcachedException">A server can't be asked.</exception>
    public async ValueTask DropAsync(long user, CancellationToken cancellation = default)
    {
        List<KeyOwner> owners = [];
        var key = new byte[TimelineKey.MostBytes];
        _pool.OwnersOf(key.AsSpan(0, _keys.WriteRingKey(user, key)), owners);
        foreach (var (server, incarnation) in owners)
        {
            var length = _keys.Write(user, incarnation, key);
            await server.DeleteAsync(key.AsSpan(0, length), default, cancellation).ConfigureAwait(false);
        }
    }

    private static byte[] Compose(in TimelineHeader header, TimelineContent content, ReadOnlySpan<TimelineEntry> appended)
    {
        var length = content.Posts.Count + content.PulledAuthors.Count + appended.Length;
        var item = new byte[TimelineHeader.Size + length * TimelineEntry.Size];
        header.Write(item);
        var entries = MemoryMarshal.Cast<byte, TimelineEntry>(item.AsSpan(TimelineHeader.Size));
        var at = 0;
        foreach (var post in content.Posts)
        {
            entries[at++] = TimelineEntry.Post(post);
        }

        foreach (var author in content.PulledAuthors)
        {
            entries[at++] = TimelineEntry.Notice(author);
        }

        appended.CopyTo(entries[at..]);
        return item;
    }

    private (MemcachedServer Server, byte[] Key) Locate(long user)
    {
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        var (server, incarnation) = _pool.KeyOwnerOf(key[.._keys.WriteRingKey(user, key)]);
        return (server, key[.._keys.Write(user, incarnation, key)].ToArray());
    }
}
