namespace InstaGrpc.Timelines;

/// <summary>Eight bytes of a timeline, little-endian: a post's id, or with the top bit set a notice, "this author is pulled". Ids are
/// positive, so the bit is free.</summary>
/// <param name="Raw">As it is stored.</param>
public readonly record struct TimelineEntry(long Raw)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = sizeof(long);

    private const long NoticeBit = long.MinValue;

    /// <summary>Whether this says that an author is pulled.</summary>
    public bool IsNotice => Raw < 0;

    /// <summary>The post's id, or the pulled author's.</summary>
    public long Id => Raw & ~NoticeBit;

    /// <summary>A post.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not positive.</exception>
    public static TimelineEntry Post(long mediaId)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mediaId);
        return new TimelineEntry(mediaId);
    }

    /// <summary>The author's posts are not in the timeline from now on: whoever reads it asks for them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not positive.</exception>
    public static TimelineEntry Notice(long authorId)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(authorId);
        return new TimelineEntry(authorId | NoticeBit);
    }
}
