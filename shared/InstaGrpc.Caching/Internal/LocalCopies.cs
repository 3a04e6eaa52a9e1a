using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>Whether a copy of this process may be the answer.</summary>
internal static class LocalCopies
{
    public static CacheAnswer ToAnswer(LocalCopy copy) =>
        new(CacheLevel.L1, copy.Header.IsPresent, copy.Bytes, null, copy) { Fence = copy.Header.Fence };

    /// <summary>A copy that is valid by the watermark that this process holds (at most 250 ms old), or null.</summary>
    /// <param name="at">Method and node.</param>
    /// <param name="slot">The watermark of the server that owns the entry.</param>
    /// <param name="ringHash">The ring's hash of the entry, or of its list: what drops name.</param>
    /// <param name="identity">The ring key, and of a page its fields.</param>
    /// <param name="token">What the answer must include.</param>
    public static LocalCopy? Find(MethodOnNode at, WatermarkSlot slot, ulong ringHash, ReadOnlySpan<byte> identity, TokenPosition? token)
    {
        var runtime = at.Node.Runtime;
        var copy = runtime.Copies.Find(at.IsList ? KeyHash.Compute(identity) : ringHash, identity);
        if (copy is null
            || copy.ExpiresAt < runtime.Time.GetTimestamp()
            || slot.TryGet() is not { Watermark: { } watermark } known
            || EntryRead.Check(known, at, runtime) != UncachedReason.None
            || copy.Generation != watermark.Generation
            || !at.Node.Drops.IsOpen(watermark.Owner)

            // The counter after the feed: a loss raises every counter before the feed is open again. Looked at before it, a loss and a new stream between
            // the two looks would let a copy pass whose drop went to nobody.
            || copy.Drops != runtime.Stripes.Read(ringHash)
            || (token is { } wanted && !copy.Lo.Reaches(wanted))
            || !runtime.Clock.TryGetNow(at.Node.Name, out var now))
        {
            return null;
        }

        // As for a hit in memcached.
        var longest = runtime.Options.MaxLag;
        return known.Lag(now, runtime.Time) <= longest || now - copy.Header.FilledAt <= longest ? copy : null;
    }
}
