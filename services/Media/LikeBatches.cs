using System.Diagnostics;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>
/// Likes of one post that arrive together share an INSERT: while one is in flight for the post, arrivals wait for the next. There is no
/// timer, so a like that comes alone goes alone and at once, and a batch grows only as far as PostgreSQL makes its likers wait. One for the
/// process; posts do not wait for each other.
/// </summary>
/// <remarks>
/// A caller gets what he would have got alone: his own outcome, cancel and deadline, and a token at or past the commit that holds his like.
/// A statement that one liker spoils is repeated for each of them alone, so that only he fails.
///
/// Races. (1) A caller gives up while his batch is being taken: both happen under the gate, so he is either left out, or counted among those
/// whom the batch waits for. (2) All callers of a batch give up: it is cancelled down to PostgreSQL, since nobody would hear of it. If the
/// commit was faster, the likes stand, as they do for a caller who gives up alone. (3) An arrival in the moment when a batch ends: the gate
/// covers "nobody waits" and the removal of the post's queue, so he is either found waiting or starts a batch of his own. (4) Two processes
/// insert overlapping sets of likers: each inserts by user, ascending, so that neither waits for a row behind one that it holds.
/// </remarks>
internal sealed class LikeBatches(IServiceScopeFactory scopes, MediaOptions options)
{
    private readonly Lock _gate = new();

    // A post is here exactly as long as a batch of it is in flight.
    private readonly Dictionary<long, Queue<Liker>> _waiting = [];

    /// <summary>Returns when the like is committed, or was there before.</summary>
    /// <returns>The token of the commit.</returns>
    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    /// <exception cref="FailedPreconditionException">The liker and the post's owner are hidden from each other.</exception>
    public async ValueTask<ReadToken> LikeAsync(long media, long user, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var liker = new Liker(user, Activity.Current);
        Batch? first = null;
        lock (_gate)
        {
            if (_waiting.TryGetValue(media, out var queue))
            {
                queue.Enqueue(liker);
            }
            else
            {
                _waiting.Add(media, []);
                first = new Batch([liker]);
            }
        }

        // After the gate: a token that is cancelled already runs the callback here and now.
        using var registration = cancellation.UnsafeRegister(static (state, token) =>
        {
            var (batches, liker) = ((LikeBatches, Liker))state!;
            batches.GiveUp(liker, token);
        }, (this, liker));
        if (first is not null)
        {
            _ = Task.Run(() => RunAllAsync(media, first), CancellationToken.None);
        }

        return await liker.Done.Task.ConfigureAwait(false);
    }

    /// <summary>Tests: how many wait for the next batch of a post.</summary>
    internal int WaitingFor(long media)
    {
        lock (_gate)
        {
            return _waiting.TryGetValue(media, out var queue) ? queue.Count : 0;
        }
    }

    private void GiveUp(Liker liker, CancellationToken token)
    {
        lock (_gate)
        {
            if (liker.Done.TrySetCanceled(token) && liker.Batch is { } batch)
            {
                batch.Leave();
            }
        }
    }

    private async Task RunAllAsync(long media, Batch? batch)
    {
        while (batch is not null)
        {
            await RunAsync(media, batch).ConfigureAwait(false);
            batch = Next(media);
        }
    }

    private Batch? Next(long media)
    {
        lock (_gate)
        {
            var queue = _waiting[media];
            List<Liker> likers = [];
            while (likers.Count < options.LikesOfBatch && queue.TryDequeue(out var liker))
            {
                if (!liker.Done.Task.IsCompleted)
                {
                    likers.Add(liker);
                }
            }

            if (likers.Count > 0)
            {
                return new Batch(likers);
            }

            _waiting.Remove(media);
            return null;
        }
    }

    /// <summary>Gives every liker of the batch his outcome; throws nothing.</summary>
    private async Task RunAsync(long media, Batch batch)
    {
        try
        {
            var outcome = await WriteAsync(media, batch.Likers, batch.Abandoned).ConfigureAwait(false);
            batch.Likers.ForEach(liker => Finish(liker, media, outcome));
        }
        catch (PostgresException e) when (batch.Likers.Count > 1 && IsOfARow(e))
        {
            foreach (var liker in batch.Likers.Where(static liker => !liker.Done.Task.IsCompleted))
            {
                try
                {
                    Finish(liker, media, await WriteAsync(media, [liker], batch.Abandoned).ConfigureAwait(false));
                }
                catch (Exception own)
                {
                    liker.Done.TrySetException(own);
                }
            }
        }
        catch (Exception e)
        {
            batch.Likers.ForEach(liker => liker.Done.TrySetException(e));
        }
    }

    /// <returns>Null: there is no such post.</returns>
    private async Task<LikeOutcome?> WriteAsync(long media, List<Liker> likers, CancellationToken cancellation)
    {
        Trace(likers);
        var scope = scopes.CreateAsyncScope();
        await using var _ = scope.ConfigureAwait(false);
        var (found, hidden) = await scope.ServiceProvider.GetRequiredService<INodeWrites>().RunAsync(
            media,
            async (connection, transaction, ct) =>
            {
                await using var command = new NpgsqlCommand(MediaSql.Like, connection, transaction);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. likers.Select(static liker => liker.User).Order()] });
                await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
                await reader.ReadAsync(ct).ConfigureAwait(false);
                var answer = (reader.GetBoolean(0), reader.GetFieldValue<long[]>(1));

                // To its end: the INSERT is what comes last.
                await reader.NextResultAsync(ct).ConfigureAwait(false);
                return answer;
            },
            cancellation).ConfigureAwait(false);
        return found ? new LikeOutcome(scope.ServiceProvider.GetRequiredService<IWriteTokens>().Token, hidden) : null;
    }

    /// <summary>A transaction has one trace: that of the first liker who is recorded. The others are linked to it.</summary>
    private static void Trace(List<Liker> likers)
    {
        // Of this asynchronous run alone: whoever awaits it keeps his own.
        Activity.Current = likers.Find(static liker => liker.Activity is { Recorded: true })?.Activity;
        if (Activity.Current is { } current)
        {
            foreach (var liker in likers.Where(liker => liker.Activity is { Recorded: true } other && other != current))
            {
                liker.Activity!.AddLink(new ActivityLink(current.Context));
            }
        }
    }

    // 22: the data, 23: a constraint, P0: raised by a trigger. Everything else would meet each of them alone, too.
    private static bool IsOfARow(PostgresException e) =>
        e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal)
        || e.SqlState.StartsWith("P0", StringComparison.Ordinal);

    private static void Finish(Liker liker, long media, LikeOutcome? outcome)
    {
        if (outcome is null)
        {
            liker.Done.TrySetException(new EntityNotFoundException("media", media) { Field = "media_id" });
        }
        else if (outcome.Hidden.Contains(liker.User))
        {
            liker.Done.TrySetException(Posts.Hidden());
        }
        else
        {
            liker.Done.TrySetResult(outcome.Token);
        }
    }

    private sealed class Liker(long user, Activity? activity)
    {
        public long User => user;

        public Activity? Activity => activity;

        /// <summary>Guarded by the gate; null while he waits.</summary>
        public Batch? Batch { get; set; }

        // Its callers run elsewhere: the batch goes on to the next, and a cancel holds the gate.
        public TaskCompletionSource<ReadToken> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Made and left under the gate.</summary>
    private sealed class Batch
    {
        // Neither linked nor timed: there is nothing to dispose of, and a late cancel finds it alive.
        private readonly CancellationTokenSource _abandoned = new();
        private int _staying;

        public Batch(List<Liker> likers)
        {
            (Likers, _staying) = (likers, likers.Count);
            likers.ForEach(liker => liker.Batch = this);
        }

        public List<Liker> Likers { get; }

        public CancellationToken Abandoned => _abandoned.Token;

        public void Leave()
        {
            if (--_staying == 0)
            {
                // What is registered with it runs after the gate.
                _ = _abandoned.CancelAsync();
            }
        }
    }
}
