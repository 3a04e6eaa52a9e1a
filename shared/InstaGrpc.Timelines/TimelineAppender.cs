using System.Collections.Concurrent;
using InstaGrpc.Memcached;
using InstaGrpc.Timelines.Internal;

namespace InstaGrpc.Timelines;

/// <summary>
/// Writes to the timelines of many users at once: one quiet pipeline for each server, closed by <c>mn</c>, so that a batch is done when every
/// server has run all of it. Timelines that are not there stay away: who does not read has none. An append that was not stored may
/// also mean that the item is full or the server has no memory, which memcached does not tell apart; so each such timeline is deleted, and
/// nobody keeps one with a hole. For any number of callers at a time.
/// </summary>
/// <remarks>A batch that failed may have been run in part; running it again is right, because readers drop doubles.</remarks>
public sealed class TimelineAppender(MemcachedPool pool, TimelineKey keys)
{
    private readonly ConcurrentBag<TimelineBatch> _free = [];

    /// <summary>Version of the ring that the next batch is placed by. A job whose batches were placed by another begins its page
    /// again.</summary>
    public int RingVersion => pool.Ring.Version;

    /// <summary>Appends one entry to the timelines of all these users.</summary>
    /// <param name="users">Their ids; encoded before the first await.</param>
    /// <param name="entry">A post or a notice.</param>
    /// <param name="cancellation">Gives up waiting; what was sent is run all the same.</param>
    /// <exception cref="TimelinesUnreachedException">A server did not acknowledge its share: send it again to the users that are
    /// named.</exception>
    /// <exception cref="TimelineNotDroppedException">A timeline with a hole may still be there: run the batch again.</exception>
    public async ValueTask<AppendCounts> AppendAsync(ReadOnlyMemory<long> users, TimelineEntry entry, CancellationToken cancellation = default)
    {
        var batch = Take();
        try
        {
            batch.Append(users.Span, entry);
            await batch.RunAsync(cancellation).ConfigureAwait(false);
            var (stored, failed) = batch.KeepFailed();
            if (failed > 0)
            {
                batch.DropKept();
                await batch.RunAsync(cancellation).ConfigureAwait(false);
                batch.ThrowIfNotDropped();
            }

            var counts = new AppendCounts(stored, failed);
            batch.ThrowIfUnreached(counts);
            return counts;
        }
        finally
        {
            _free.Add(batch);
        }
    }

    /// <summary>Deletes the timelines of all these users, also ones that are being built: whoever builds starts over.</summary>
    /// <param name="users">Their ids; encoded before the first await.</param>
    /// <param name="cancellation">Gives up waiting; what was sent is run all the same.</param>
    /// <exception cref="TimelinesUnreachedException">A server did not acknowledge its share: send it again to the users that are
    /// named.</exception>
    /// <exception cref="TimelineNotDroppedException">A timeline with a hole may still be there: run the batch again.</exception>
    public async ValueTask DropAsync(ReadOnlyMemory<long> users, CancellationToken cancellation = default)
    {
        var batch = Take();
        try
        {
            batch.Drop(users.Span);
            await batch.RunAsync(cancellation).ConfigureAwait(false);
            batch.ThrowIfNotDropped();
            batch.ThrowIfUnreached();
        }
        finally
        {
            _free.Add(batch);
        }
    }

    private TimelineBatch Take() => _free.TryTake(out var batch) ? batch : new TimelineBatch(pool, keys);
}
