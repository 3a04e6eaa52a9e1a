using InstaGrpc.Memcached;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>Sends pages to memcached, once: what a server did not take is told to the caller, who must bring it there before the job ends,
/// because a timeline that misses a post would be believed. For all nodes of the process.</summary>
internal sealed class PageSender(TimelineAppender appender)
{
    // 8 bytes each.
    private const int MostParked = 1_000_000;

    private int _parked;

    public int RingVersion => appender.RingVersion;

    /// <summary>Tests: called when a page has been acknowledged, by those who are there, and nobody knows it yet.</summary>
    public Func<Task>? AfterPage { get; set; }

    public async Task<PageOutcome> AppendAsync(ReadOnlyMemory<long> users, TimelineEntry entry, CancellationToken cancellation)
    {
        var outcome = new PageOutcome(default, [], []);
        if (!users.IsEmpty)
        {
            try
            {
                outcome = outcome with { Counts = await appender.AppendAsync(users, entry, cancellation).ConfigureAwait(false) };
            }
            catch (TimelinesUnreachedException e)
            {
                outcome = new PageOutcome(e.Counts, e.Users, e.Servers);
            }
            catch (Exception e) when (e is MemcachedException or ObjectDisposedException)
            {
                // Disposed: the server left the rings.
                outcome = outcome with { Unreached = users.ToArray() };
            }
        }

        if (AfterPage is { } hook)
        {
            await hook().ConfigureAwait(false);
        }

        return outcome;
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

    /// <summary>Whether so many followers more may be remembered for servers that are away; give them back with
    /// <see cref="Forget"/>.</summary>
    public bool TryRemember(int users)
    {
        if (Interlocked.Add(ref _parked, users) <= MostParked)
        {
            return true;
        }

        Interlocked.Add(ref _parked, -users);
        return false;
    }

    public void Forget(int users) => Interlocked.Add(ref _parked, -users);
}
