using InstaGrpc.Memcached;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>Sends pages to memcached, again and again until every server has taken its share: a timeline that misses a post would be
/// believed. A server that stays away holds up what goes to it until the ring gives it up.</summary>
internal sealed class PageSender(TimelineAppender appender, TimeProvider time)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    public int RingVersion => appender.RingVersion;

    /// <summary>Tests: called when a page has been acknowledged and nobody knows it yet.</summary>
    public Func<Task>? AfterPage { get; set; }

    /// <returns>What the servers said at last; a server that took its share before another failed is not counted.</returns>
    public async Task<AppendCounts> AppendAsync(ReadOnlyMemory<long> users, TimelineEntry entry, CancellationToken cancellation)
    {
        var counts = default(AppendCounts);
        if (!users.IsEmpty)
        {
            for (var pause = _firstPause; ; pause = Min(pause * 2))
            {
                try
                {
                    counts = await appender.AppendAsync(users, entry, cancellation).ConfigureAwait(false);
                    break;
                }
                catch (Exception e) when (e is MemcachedException or ObjectDisposedException)
                {
                    // Disposed: the server left the rings. Who has it need not get it once more: a server may be away for long.
                    users = e is TimelinesUnreachedException unreached ? unreached.Users : users;
                    await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
                }
            }
        }

        if (AfterPage is { } hook)
        {
            await hook().ConfigureAwait(false);
        }

        return counts;
    }

    /// <summary>Deletes timelines, once.</summary>
    /// <returns>Those that may still be there.</returns>
    public async Task<IReadOnlyCollection<long>> DropAsync(long[] users, CancellationToken cancellation)
    {
        try
        {
            await appender.DropAsync(users, cancellation).ConfigureAwait(false);
            return [];
        }
        catch (Exception e) when (e is MemcachedException or ObjectDisposedException)
        {
            return e is TimelinesUnreachedException unreached ? unreached.Users : users;
        }
    }

    private static TimeSpan Min(TimeSpan pause) => pause < _longestPause ? pause : _longestPause;
}
