using System.Numerics;

namespace InstaGrpc.Load;

/// <summary>
/// Counts times in buckets whose width grows with them, after the HdrHistogram of Gil Tene: 128 buckets for each doubling, so a quantile is too high by
/// less than 1/128 of itself, in 26 KiB whatever is recorded. Not safe for several threads at once.
/// </summary>
public sealed class LatencyHistogram
{
    private const int HalfBits = 7;
    private const int MostShift = 24;

    /// <summary>Microseconds (71 min): longer ones count as this.</summary>
    public const long Longest = (1L << (HalfBits + 1 + MostShift)) - 1;

    private readonly long[] _counts = new long[(MostShift << HalfBits) + (2 << HalfBits)];

    public long Count { get; private set; }

    /// <summary>Microseconds, exact; 0 when nothing was recorded.</summary>
    public long Max { get; private set; }

    /// <summary>Microseconds, exact.</summary>
    public double Mean => Count == 0 ? 0 : Sum / Count;

    /// <summary>Microseconds.</summary>
    public double Sum { get; private set; }

    /// <param name="microseconds">Negative ones count as 0.</param>
    public void Record(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, Longest);
        _counts[BucketOf(value)]++;
        Count++;
        Sum += value;
        Max = Math.Max(Max, value);
    }

    /// <summary>The smallest recorded time that at least this share of all does not pass, rounded up to its bucket's end.</summary>
    /// <param name="share">0 to 1.</param>
    /// <returns>Microseconds; 0 when nothing was recorded.</returns>
    public long Quantile(double share)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted) return Math.Min(EndOf(bucket), Max);
        }

        return Max;
    }

    public void Add(LatencyHistogram other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }

        Count += other.Count;
        Sum += other.Sum;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The buckets that hold something: last microsecond of each, and how many.</summary>
    public IEnumerable<(long UpTo, long Count)> Buckets()
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            if (_counts[bucket] > 0) yield return (EndOf(bucket), _counts[bucket]);
        }
    }

    /// <summary>For another process: sum, maximum, then pairs of a bucket and its count.</summary>
    public double[] Pack()
    {
        List<double> packed = [Sum, Max];
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            if (_counts[bucket] > 0) packed.AddRange([bucket, _counts[bucket]]);
        }

        return [.. packed];
    }

    /// <summary>Adds what <see cref="Pack"/> made.</summary>
    public void AddPacked(ReadOnlySpan<double> packed)
    {
        Sum += packed[0];
        Max = Math.Max(Max, (long)packed[1]);
        for (var at = 2; at < packed.Length; at += 2)
        {
            _counts[(int)packed[at]] += (long)packed[at + 1];
            Count += (long)packed[at + 1];
        }
    }

    public void Clear()
    {
        Array.Clear(_counts);
        (Count, Sum, Max) = (0, 0, 0);
    }

    // The upper HalfBits + 1 bits of a value, and by how much they are shifted: the first 256 buckets are one microsecond wide.
    private static int BucketOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value | 1) - HalfBits);
        return (shift << HalfBits) + (int)(value >> shift);
    }

    private static long EndOf(int bucket)
    {
        var shift = Math.Max(0, (bucket >> HalfBits) - 1);
        return ((long)(bucket - (shift << HalfBits) + 1) << shift) - 1;
    }
}
