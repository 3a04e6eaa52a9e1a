using System.Collections.Concurrent;
using InstaGrpc.Memcached;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Feed;

/// <summary>A user's timeline: as it stands in memcached, or built now because it was not there.</summary>
/// <param name="posts">What timelines are made of.</param>
/// <param name="options">How long to wait for another builder.</param>
/// <param name="time">For the waits.</param>
/// <param name="metrics">Pages and builds.</param>
/// <param name="logger">Servers that can't be asked.</param>
/// <param name="store">Null: this process has no memcached, and every feed is pulled.</param>
internal sealed partial class TimelineReads(
    IFollowedPosts posts, FeedOptions options, TimeProvider time, FeedMetrics metrics, ILogger<TimelineReads> logger, TimelineStore? store = null)
{
    private const int MostBuilds = 3;
    private const int MostWithoutRoom = 10_000;

    // As long as a building that nobody ends.
    private static readonly TimeSpan _withoutRoom = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(2);

    // Since when the server of these users has had no room for what was built.
    private readonly ConcurrentDictionary<long, long> _hadNoRoom = new();

    /// <summary>Null: there is none to be had in reasonable time, so the feed is pulled.</summary>
    public async ValueTask<StoredTimeline?> OfAsync(long user, CancellationToken cancellation)
    {
        var timeline = store is null ? null : await TryAsync(store, user, cancellation).ConfigureAwait(false);
        metrics.Read(hasTimeline: timeline is not null);
        return timeline;
    }

    private async ValueTask<StoredTimeline?> TryAsync(TimelineStore store, long user, CancellationToken cancellation)
    {
        try
        {
            return await ReadOrBuildAsync(store, user, cancellation).ConfigureAwait(false);
        }
        catch (MemcachedException e)
        {
            LogUnavailable(user, e.Message);
            return null;
        }
    }

    private async ValueTask<StoredTimeline?> ReadOrBuildAsync(TimelineStore store, long user, CancellationToken cancellation)
    {
        var waitsSince = time.GetTimestamp();
        var pause = _firstPause;
        var builds = 0;
        while (true)
        {
            var timeline = await store.ReadAsync(user, cancellation).ConfigureAwait(false);
            if (timeline is { Header.State: TimelineState.Ready })
            {
                await store.CompactAsync(timeline, cancellation).ConfigureAwait(false);
                return timeline;
            }

            if (timeline is null)
            {
                // A build that was overtaken (the reader follows somebody new, the server lost it) begins again, but not for ever.
                if (builds++ == MostBuilds || HadNoRoom(user))
                {
                    return null;
                }

                if (await store.BeginAsync(user, cancellation).ConfigureAwait(false) is { } build)
                {
                    if (await BuildAsync(store, build, cancellation).ConfigureAwait(false))
                    {
                        continue;
                    }

                    return null;
                }
            }

            if (time.GetElapsedTime(waitsSince) >= options.BuildWait)
            {
                return null;
            }

            await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
            pause *= 2;
        }
    }

    /// <summary>False: there is no room for it, so that another attempt is in vain.</summary>
    private async ValueTask<bool> BuildAsync(TimelineStore store, TimelineBuild build, CancellationToken cancellation)
    {
        try
        {
            var content = await posts.ToBuildAsync(build.User, cancellation).ConfigureAwait(false);
            var stood = await store.FinishAsync(build, content, cancellation).ConfigureAwait(false);
            metrics.Built(stood);

            if (!stood)
            {
                // If it still stands, the next readers would wait for a builder who is gone.
                await store.AbandonAsync(build).ConfigureAwait(false);
            }

            if (build.HadNoRoom)
            {
                // Nor need every page of his be built in vain.
                if (_hadNoRoom.Count >= MostWithoutRoom)
                {
                    _hadNoRoom.Clear();
                }

                _hadNoRoom[build.User] = time.GetTimestamp();
                return false;
            }
        }
        catch (MemcachedException e)
        {
            // The connection is lost, and with it the right to build; the next look may find the server again.
            LogUnavailable(build.User, e.Message);
            metrics.Built(stood: false);
        }
        catch
        {
            // Given back, so that the next reader need not wait until the right runs out.
            await store.AbandonAsync(build).ConfigureAwait(false);
            throw;
        }

        return true;
    }

    private bool HadNoRoom(long user)
    {
        if (!_hadNoRoom.TryGetValue(user, out var since))
        {
            return false;
        }

        if (time.GetElapsedTime(since) < _withoutRoom)
        {
            return true;
        }

        _hadNoRoom.TryRemove(user, out _);
        return false;
    }

    [LoggerMessage(1801, LogLevel.Debug, "The timeline of user {User} could not be asked for: {Reason}")]
    private partial void LogUnavailable(long user, string reason);
}
