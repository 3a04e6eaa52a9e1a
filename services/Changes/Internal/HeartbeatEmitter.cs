using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Keeps the stream moving. A transactional message is a commit of its own: it comes through the stream like any other (2–3 ms) and carries
/// the clock and a position past everything written before it. Twice: at an interval, so that an idle cache knows that it is not cut off;
/// and soon after the WAL got ahead of what is published (other tables, aborted transactions, the position in a writer's token), so that a
/// read with that token need not wait for the interval.
///
/// Databases of one cluster share their WAL: the heartbeat of one puts it ahead for the others, whose heartbeats would put it ahead for the
/// first. So from one real change to the next, each heartbeat that only catches up waits twice as long as the one before, and looks at the
/// WAL as rarely: an idle mesh wakes for its heartbeats alone. <see cref="Changed"/> ends that at once.
/// </summary>
/// <param name="written">How far the server's WAL is, as its walsender said.</param>
/// <param name="published">The end of the newest transaction that was published.</param>
/// <param name="coming">Whether something is decoded that will be published: it tells how far the WAL is when it does.</param>
/// <param name="changes">How many transactions with a change were published.</param>
internal sealed class HeartbeatEmitter(
    NpgsqlConnection connection, Func<Lsn> written, Func<Lsn> published, Func<bool> coming, Func<long> changes, ChangesOptions options, TimeProvider time)
{
    private TaskCompletionSource? _asleep;

    /// <summary>A transaction with a change was published, and counted: what follows it may have to be caught up with soon.</summary>
    public void Changed()
    {
        if (Volatile.Read(ref _asleep) is not null)
        {
            Interlocked.Exchange(ref _asleep, null)?.TrySetResult();
        }
    }

    /// <summary>Runs until cancelled or until the server ends the connection.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // A heartbeat promises nothing to anybody, so it need not wait for a standby; the stream's order holds it back where that matters.
        await using (var local = new NpgsqlCommand("SET synchronous_commit = local", connection))
        {
            await local.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await using var emit = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'insta.heartbeat', '')::text", connection);
        await emit.PrepareAsync(cancellationToken).ConfigureAwait(false);
        var last = 0L;
        var emitted = default(Lsn);
        var watched = default(Lsn);
        var watchedAt = time.GetTimestamp();
        var patience = options.CatchUpDelay;
        var seen = changes();
        while (true)
        {
            if (changes() is var count && count != seen)
            {
                (seen, patience) = (count, options.CatchUpDelay);
            }

            var now = published();
            var due = last == 0 || time.GetElapsedTime(last) >= options.HeartbeatInterval;
            // Written a while ago and still not published: it is nothing that comes by itself. One heartbeat on its way is enough: more would
            // only queue up behind a commit that waits for its standby.
            var behind = watched > now && now >= emitted && time.GetElapsedTime(watchedAt) >= patience && !coming();
            if (due || behind)
            {
                last = time.GetTimestamp();
                emitted = Lsn.Parse((string)(await emit.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!);
                patience = behind && patience < options.HeartbeatInterval ? patience * 2 : patience;
            }

            if (due || behind || watched <= now)
            {
                (watched, watchedAt) = (written(), time.GetTimestamp());
            }

            if (patience <= options.CatchUpDelay)
            {
                await Task.Delay(options.CatchUpDelay, time, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                var left = options.HeartbeatInterval - time.GetElapsedTime(last);
                await SleepAsync(left < patience ? left : patience, seen, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task SleepAsync(TimeSpan limit, long seen, CancellationToken cancellationToken)
    {
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _asleep, woken);

        // A change that was counted before _asleep was there woke nobody. The ms: a timer's time is cut to whole ones.
        if (changes() == seen && limit > TimeSpan.Zero)
        {
            await woken.Task.WaitAsync(limit + TimeSpan.FromMilliseconds(1), time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Volatile.Write(ref _asleep, null);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
