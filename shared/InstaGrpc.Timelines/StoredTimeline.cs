using System.Runtime.InteropServices;
using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines;

/// <summary>A timeline as one <c>mg</c> found it.</summary>
public sealed class StoredTimeline
{
    private readonly byte[] _item;

    internal StoredTimeline(long user, in TimelineHeader header, in MetaReply reply, PinnedConnection connection)
    {
        User = user;
        Header = header;
        _item = reply.Value!;
        Cas = reply.Cas;
        SecondsLeft = reply.Ttl;
        Connection = connection;
    }

    /// <summary>Whose it is.</summary>
    public long User { get; }

    /// <summary>State, floor, token, age.</summary>
    public TimelineHeader Header { get; }

    /// <summary>Posts and notices in the order in which they were appended; some maybe twice.</summary>
    public ReadOnlySpan<TimelineEntry> Entries => Read(_item);

    /// <summary>Entries that are posts, doubles too.</summary>
    internal int PostEntries
    {
        get
        {
            var posts = 0;
            foreach (var entry in Entries)
            {
                posts += entry.IsNotice ? 0 : 1;
            }

            return posts;
        }
    }

    internal ulong Cas { get; }

    internal int SecondsLeft { get; }

    internal PinnedConnection Connection { get; }

    internal static ReadOnlySpan<TimelineEntry> Read(ReadOnlySpan<byte> item)
    {
        // As they are: every machine that this runs on is little-endian, and the store refuses to start on another.
        return MemoryMarshal.Cast<byte, TimelineEntry>(item[TimelineHeader.Size..]);
    }
}
