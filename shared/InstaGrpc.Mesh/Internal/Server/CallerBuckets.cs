using System.Collections.Concurrent;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Token buckets, one for each (method, caller). A full bucket is as good as none, so full ones are thrown away when there are many:
/// memory is bounded by who was busy lately.
/// </summary>
internal sealed class CallerBuckets(TimeProvider time)
{
    private const int Many = 100_000;

    private readonly ConcurrentDictionary<(string Method, string Caller), Bucket> _buckets = new();
    private int _sweepAt = Many;

    /// <summary>Takes a permit. Null: taken; otherwise how long until there will be one.</summary>
    public TimeSpan? Take(string method, string caller, RateLimitPolicy limit)
    {
        var now = time.GetTimestamp();
        var bucket = _buckets.GetOrAdd((method, caller), static (_, at) => new Bucket(at.now, at.limit.Burst), (now, limit));
        if (_buckets.Count > Volatile.Read(ref _sweepAt))
        {
            Sweep(now);
        }

        return bucket.Take(now, limit, time);
    }

    private void Sweep(long now)
    {
        foreach (var (key, bucket) in _buckets)
        {
            // A permit taken from a bucket that is removed at this moment is a permit too many, once: it was full.
            if (bucket.IsFull(now, time))
            {
                _buckets.TryRemove(key, out _);
            }
        }

        Volatile.Write(ref _sweepAt, Math.Max(Many, _buckets.Count * 2));
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
