using System.Collections.Concurrent;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Token buckets, one for each (method, caller). A full bucket is as good as none, so full ones are thrown away when there are many: memory is
/// bounded by who was busy lately, and by <paramref name="most"/>. Whoever comes when so many are busy shares a bucket with all who do.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="most">Buckets at a time.</param>
internal sealed class CallerBuckets(TimeProvider time, int most = CallerBuckets.Most)
{
    private const int Most = 200_000;
    private const string EverybodyElse = "everybody else";

    private readonly ConcurrentDictionary<(string Method, string Caller), Bucket> _buckets = new();
    private readonly Lock _sweeping = new();
    private int _count;
    private int _sweepAt = most / 2;

    /// <summary>Buckets that are kept.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a permit. Null: taken; otherwise how long until there will be one.</summary>
    public TimeSpan? Take(string method, string caller, RateLimitPolicy limit)
    {
        var now = time.GetTimestamp();
        if (_buckets.TryGetValue((method, caller), out var known))
        {
            return known.Take(now, limit, time);
        }

        if (Count >= Volatile.Read(ref _sweepAt))
        {
            Sweep(now);
        }

        return BucketOf((method, Count < most ? caller : EverybodyElse), now, limit).Take(now, limit, time);
    }

    private Bucket BucketOf((string Method, string Caller) key, long now, RateLimitPolicy limit)
    {
        var made = new Bucket(now, limit.Burst);
        var bucket = _buckets.GetOrAdd(key, made);
        if (ReferenceEquals(bucket, made))
        {
            Interlocked.Increment(ref _count);
        }

        return bucket;
    }

    // By one at a time; the others go on.
    private void Sweep(long now)
    {
        if (!_sweeping.TryEnter())
        {
            return;
        }

        try
        {
            foreach (var (key, bucket) in _buckets)
            {
                // A permit taken from a bucket that is removed at this moment is a permit too many, once: it was full.
                if (bucket.IsFull(now, time) && _buckets.TryRemove(key, out _))
                {
                    Interlocked.Decrement(ref _count);
                }
            }

            // Not again at each call while all are busy.
            Volatile.Write(ref _sweepAt, Math.Max(most / 2, Count + (most / 10)));
        }
        finally
        {
            _sweeping.Exit();
        }
    }

    private sealed class Bucket(long now, int burst)
    {
        private readonly Lock _gate = new();
        private double _permits = burst;
        private long _at = now;
        private RateLimitPolicy? _limit;

        public TimeSpan? Take(long now, RateLimitPolicy limit, TimeProvider time)
        {
            lock (_gate)
            {
                // Two threads may arrive with their readings of the clock in the wrong order.
                var elapsed = now > _at ? time.GetElapsedTime(_at, now).TotalSeconds : 0;
                _at = Math.Max(_at, now);
                _limit = limit;
                _permits = Math.Min(limit.Burst, _permits + (elapsed * limit.PermitsPerSecond));
                if (_permits >= 1)
                {
                    _permits--;
                    return null;
                }

                return TimeSpan.FromSeconds((1 - _permits) / limit.PermitsPerSecond);
            }
        }

        public bool IsFull(long now, TimeProvider time)
        {
            lock (_gate)
            {
                return _limit is { } limit
                    && _permits + (time.GetElapsedTime(_at, Math.Max(_at, now)).TotalSeconds * limit.PermitsPerSecond) >= limit.Burst;
            }
        }
    }
}
