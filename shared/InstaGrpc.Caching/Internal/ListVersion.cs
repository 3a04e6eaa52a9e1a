using System.Buffers.Binary;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>
/// Pages of lists. A list has one small item with a random version that was never used before; its pages carry the version in their keys. The invalidator
/// deletes that item alone, and every page of the list is out of reach.
/// </summary>
/// <remarks>Because no version comes twice, a page that is filled late lands under a version that nobody reads.</remarks>
internal static class ListVersion
{
    private const int VersionBytes = 8;

    /// <summary>Reads or makes the version, and then the page under it. In most cases one round trip: with the version, the page is asked for under the
    /// version that was last known; memcached answers in order, so that page is as valid as the version that came before it.</summary>
    /// <exception cref="MemcachedException">The server can't be asked.</exception>
    public static async ValueTask<(byte[] Key, MetaReply Reply)> AskAsync(EntryPlace place, byte[] group, MetaGet question)
    {
        var runtime = place.Runtime;
        var known = runtime.Versions.LastNumber(place.RingHash);
        var guess = known == 0 ? null : PageKey(place, group, known);
        var replies = new MetaReply[2];
        ReadOnlyMemory<byte>[] keys = guess is null ? [group] : [group, guess];

        // Without a lease: a page under a version that has ended needs none.
        await place.Server.GetManyAsync(keys, replies, new MetaGet()).ConfigureAwait(false);
        var version = Read(replies[0]) ?? await MakeAsync(place.Server, group).ConfigureAwait(false);
        if (version == 0)
        {
            return (group, default);
        }

        if (version == known && guess is not null && replies[1] is { Value.Length: > 0, Stale: false } page)
        {
            return (guess, page);
        }

        runtime.Versions.Note(place.RingHash, version, DateTime.MaxValue);
        if (version == known && guess is not null && replies[1] is { Won: true } marked)
        {
            // A plain look at a marked page wins too.
            return (guess, marked);
        }

        var key = version == known && guess is not null ? guess : PageKey(place, group, version);
        return (key, await place.Server.GetAsync(key, question).ConfigureAwait(false));
    }

    /// <summary>The key of a page: the list's key, the version, and the page's fields, hashed with the rest where the key would be too long.</summary>
    public static byte[] PageKey(EntryPlace place, byte[] group, ulong version)
    {
        var generationEnd = place.Method.GenerationAt + KeyLayout.GenerationBytes;
        var writer = new KeyWriter(stackalloc byte[512]);
        try
        {
            // The head ends where the list's fields begin; only what follows may be hashed. '|' stands in no field, so no list has a page's hash.
            var head = place.Method.HeadBytes + KeyLayout.GenerationBytes;
            writer.Begin(group.AsSpan(0, head), generationEnd);
            writer.Append(group.AsSpan(head));
            writer.Append((byte)'|');
            writer.AppendHex(version);
            writer.Append((byte)'|');
            writer.Append(place.Page);
            writer.Shorten(hasGeneration: true);
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static async ValueTask<ulong> MakeAsync(MemcachedServer server, byte[] group)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var version = Refiller.NewRandom();
            var value = new byte[VersionBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(value, version);
            var added = await server.SetAsync(group, value, new MetaSet { Mode = MetaSetMode.Add }).ConfigureAwait(false);
            if (added.IsHit)
            {
                return version;
            }

            if (added.Status != MetaStatus.NotStored)
            {
                return 0;
            }

            // Somebody was quicker: his version holds, or was deleted again.
            if (Read(await server.GetAsync(group, new MetaGet()).ConfigureAwait(false)) is { } theirs)
            {
                return theirs;
            }
        }

        return 0;
    }

    /// <summary>The version that an item holds; null: there is none.</summary>
    public static ulong? Read(in MetaReply reply) =>
        reply is { IsHit: true, Value.Length: VersionBytes } ? BinaryPrimitives.ReadUInt64LittleEndian(reply.Value) : null;
}
