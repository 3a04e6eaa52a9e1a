using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Caching.Internal;

/// <summary>
/// Whether copies of a node may be served: only while the drops of the lineage that also writes the watermark arrive here.
/// </summary>
/// <remarks>
/// Two orders matter. Every counter is raised before the feed counts as open: a copy taken while nobody was listening claims an older counter and is never
/// found. And a drop is sent after its mark was acknowledged: a value read after the drop's counter is the marked key's next one.
/// </remarks>
internal sealed class DropFeed(DropStripes stripes, TimeProvider time)
{
    private static readonly TimeSpan _silenceIsLoss = TimeSpan.FromSeconds(1);
    private const long Closed = long.MinValue;

    private long _owner = Closed;
    private long _heardAt;
    private ulong _sequence;

    /// <summary>Whether drops of this owner arrive. Owner numbers are the watermark's.</summary>
    public bool IsOpen(long owner) =>
        Volatile.Read(ref _owner) == owner && time.GetElapsedTime(Volatile.Read(ref _heardAt)) <= _silenceIsLoss;

    /// <summary>Whether nothing was heard for so long that the stream counts as lost.</summary>
    public bool IsSilent => time.GetElapsedTime(Volatile.Read(ref _heardAt)) > _silenceIsLoss;

    /// <summary>Takes a message of the one stream that is on. False: messages are missing; the stream must be made anew.</summary>
    public bool Apply(WatchDropsResponse message)
    {
        var open = Volatile.Read(ref _owner);
        if (open != Closed && message.Sequence != _sequence + 1)
        {
            Close();
            return false;
        }

        _sequence = message.Sequence;
        if (open != message.Owner || message.Everything || IsSilent)
        {
            // A first message, another lineage, a new generation, or one that came so late that copies may have been refused for a while: the counters
            // first, then open.
            Volatile.Write(ref _owner, Closed);
            stripes.RaiseAll();
        }

        foreach (var hash in message.KeyHashes)
        {
            stripes.Raise(hash);
        }

        Volatile.Write(ref _heardAt, time.GetTimestamp());
        Volatile.Write(ref _owner, message.Owner);
        return true;
    }

    /// <summary>The stream is lost: nothing is served, and what is there is void.</summary>
    public void Close()
    {
        Volatile.Write(ref _owner, Closed);
        stripes.RaiseAll();
    }
}
