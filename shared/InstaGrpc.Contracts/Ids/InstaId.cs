namespace InstaGrpc.Contracts.Ids;

/// <summary>A 64-bit id that sorts by time: 41 bits of ms since <see cref="Epoch"/>, 13 bits of logical shard, 10 bits of
/// sequence.</summary>
/// <remarks>The layout is that of "Sharding &amp; IDs at Instagram" (2012) with another epoch. As a signed number an id is positive until
/// <see cref="SignedEnd"/>, 2^40 ms after the epoch; the 41st bit is the sign from then on.</remarks>
/// <param name="Value">What travels: positive.</param>
public readonly record struct InstaId(long Value) : IComparable<InstaId>
{
    /// <summary>Number of logical shards, 8,192.</summary>
    public const int Shards = 1 << ShardBits;

    /// <summary>Ids of a shard in one ms, 1,024.</summary>
    public const int Sequences = 1 << SequenceBits;

    /// <summary>ms from the epoch to <see cref="SignedEnd"/>: the first that a positive id cannot carry.</summary>
    public const long MillisecondsEnd = 1L << 40;

    private const int ShardBits = 13;
    private const int SequenceBits = 10;

    /// <summary>2026-01-01T00:00:00Z</summary>
    public static DateTimeOffset Epoch { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>2060-11-03T19:53:47.776Z: the last ms before has the largest positive ids.</summary>
    public static DateTimeOffset SignedEnd { get; } = Epoch.AddMilliseconds(MillisecondsEnd);

    /// <summary>ms since the epoch.</summary>
    public long Milliseconds => Value >> (ShardBits + SequenceBits);

    /// <summary>0 to 8191.</summary>
    public int Shard => (int)(Value >> SequenceBits) & (Shards - 1);

    /// <summary>0 to 1023.</summary>
    public int Sequence => (int)Value & (Sequences - 1);

    /// <summary>When the id was made, by the clock of the window that it was made in.</summary>
    public DateTimeOffset Time => Epoch.AddMilliseconds(Milliseconds);

    /// <summary>Puts an id together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part does not fit its bits.</exception>
    public static InstaId Create(long milliseconds, int shard, int sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(milliseconds, MillisecondsEnd);
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, Shards);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, Sequences);
        return new(Compose(milliseconds, shard, sequence));
    }

    /// <summary>ms since the epoch at <paramref name="time"/>; negative before it.</summary>
    public static long MillisecondsAt(DateTimeOffset time) => (long)Math.Floor((time - Epoch).TotalMilliseconds);

    /// <summary>Puts parts together that are known to fit; unchecked, for the generator's loop.</summary>
    public static long Compose(long milliseconds, int shard, int sequence) =>
        (milliseconds << (ShardBits + SequenceBits)) | ((long)shard << SequenceBits) | (uint)sequence;

    /// <inheritdoc />
    public int CompareTo(InstaId other) => Value.CompareTo(other.Value);

    /// <inheritdoc />
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
