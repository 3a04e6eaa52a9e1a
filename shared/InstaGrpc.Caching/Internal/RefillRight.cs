using System.Buffers.Binary;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>
/// Rations the refills of a key that changes all the time: an item beside the key holds the time of the last refill, and who finds it older than the
/// interval and replaces it by CAS has the right. So all processes together run one query an interval, however often the key is marked.
/// </summary>
internal static class RefillRight
{
    private const int LivesSeconds = 60;

    /// <summary>Half of what may be stale, at most a second.</summary>
    public static TimeSpan Interval(TimeSpan maxStale) => maxStale / 2 is var half && half < TimeSpan.FromSeconds(1) ? half : TimeSpan.FromSeconds(1);

    /// <summary>Takes the right. Null: it is the caller's; otherwise the time until somebody can have it.</summary>
    /// <exception cref="MemcachedException">The server can't be asked.</exception>
    public static async ValueTask<TimeSpan?> TryTakeAsync(MemcachedServer server, string prefix, byte[] key, TimeSpan interval, DateTime now)
    {
        var item = KeyLayout.RefillRight(prefix, key);
        var reply = await server.GetAsync(item, new MetaGet()).ConfigureAwait(false);
        var value = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, now.Ticks);
        var set = new MetaSet { Mode = MetaSetMode.Add, TtlSeconds = LivesSeconds };
        if (reply.IsHit)
        {
            if (reply.Value is { Length: 8 } bytes)
            {
                // A time in the future is a clock's fault and must not stop refills.
                var age = now.Ticks - BinaryPrimitives.ReadInt64LittleEndian(bytes);
                if (age >= 0 && age <= interval.Ticks)
                {
                    return TimeSpan.FromTicks(interval.Ticks - age + 1);
                }
            }

            set = new MetaSet { Cas = reply.Cas, TtlSeconds = LivesSeconds };
        }

        // EX, NF, NS: somebody else took it a moment ago.
        var taken = await server.SetAsync(item, value, set).ConfigureAwait(false);
        return taken.IsHit ? null : interval;
    }
}
