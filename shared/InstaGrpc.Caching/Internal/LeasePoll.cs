using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>A caller who waits for the next poll of a key.</summary>
internal sealed class PollWaiter
{
    private readonly TaskCompletionSource<PollReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<PollReply> Reply => _reply.Task;

    public bool TryGive(PollReply reply) => _reply.TrySetResult(reply);

    /// <summary>Gives up. False: a reply came first, and has to be looked at (it may be the lease).</summary>
    public bool TryGiveUp() => _reply.TrySetCanceled();
}

/// <param name="Reply">What the server said; default: it could not be asked.</param>
/// <param name="IsWinner">Whether a <c>W</c> is this waiter's; for all others it is a lost lease.</param>
internal readonly record struct PollReply(MetaReply Reply, bool IsWinner);

/// <summary>
/// Asks for a key that somebody else fills, for all its waiters in this process: after 1, 2, 4 … 20 ms.
/// </summary>
/// <remarks>
/// A waiter gets only replies to questions sent after it joined. A reply on its way then may be older than what the waiter has been promised (the mark that
/// its token stands for may lie between).
/// </remarks>
internal sealed class LeasePoll(EntryName name, MemcachedServer server, int leaseSeconds, CacheRuntime runtime)
{
    private const int FirstMs = 1;
    private const int LongestMs = 20;

    private readonly Lock _lock = new();
    private List<PollWaiter> _waiting = [];
    private bool _ended;

    public EntryName Name => name;

    /// <summary>Null: the poll has ended.</summary>
    public PollWaiter? TryJoin()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return null;
            }

            var waiter = new PollWaiter();
            _waiting.Add(waiter);
            return waiter;
        }
    }

    public async Task RunAsync()
    {
        var pause = FirstMs;
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(pause), runtime.Time, CancellationToken.None).ConfigureAwait(false);
            pause = Math.Min(pause * 2, LongestMs);
            List<PollWaiter> asking;
            lock (_lock)
            {
                _waiting.RemoveAll(static waiter => waiter.Reply.IsCompleted);
                if (_waiting.Count == 0)
                {
                    _ended = true;
                    break;
                }

                asking = _waiting;
                _waiting = [];
            }

            await AskAsync(asking).ConfigureAwait(false);
        }

        runtime.Flights.Remove(this);
    }

    private async ValueTask AskAsync(List<PollWaiter> asking)
    {
        MetaReply reply;
        try
        {
            reply = await server.GetAsync(name.Key, MetaGet.Lease(leaseSeconds)).ConfigureAwait(false);
        }
        catch (MemcachedException)
        {
            reply = default;
        }

        var unclaimed = reply.Won;
        foreach (var waiter in asking)
        {
            if (waiter.TryGive(new PollReply(reply, unclaimed)))
            {
                unclaimed = false;
            }
        }

        if (unclaimed)
        {
            // Everybody has gone in the meantime.
            await Lease.GiveBackAsync(server, name.Key, reply.Cas, marked: reply.Stale).ConfigureAwait(false);
        }
    }
}
