using System.Collections.Concurrent;
using System.Diagnostics;

namespace InstaGrpc.Load.Oracle;

/// <summary>The highest count that each reader has seen of each subject.</summary>
internal sealed class CountFloors
{
    // Enough for hours; then nothing new is remembered, and nothing wrong is said.
    private const int Most = 2_000_000;

    private readonly ConcurrentDictionary<(long Reader, long Subject), (long Count, long SeenAt)> _seen = new();

    // The dictionary's own count takes all its locks.
    private int _known;

    /// <returns>A higher count that the same reader had been shown before this read began; null: none.</returns>
    public long? See(Look look, long subject, long count)
    {
        var key = (look.Reader.Id, subject);
        long? higher = null;
        while (true)
        {
            if (!_seen.TryGetValue(key, out var known))
            {
                if (Volatile.Read(ref _known) >= Most) return higher;
                if (!_seen.TryAdd(key, (count, Stopwatch.GetTimestamp()))) continue;
                Interlocked.Increment(ref _known);
                return higher;
            }

            if (known.Count > count && known.SeenAt <= look.At) higher = known.Count;
            if (count <= known.Count || _seen.TryUpdate(key, (count, Stopwatch.GetTimestamp()), known)) return higher;
        }
    }
}
