using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// Takes one post or notice to the author's followers, page by page, from where the job stands to its end. Several pages are under way at a
/// time; what is stored is the last follower before whom every page was acknowledged by every server.
/// </summary>
/// <remarks>
/// Why nobody misses a post. Who follows before the page with his place is read is on it. Who follows later gets, with the edge and in its
/// transaction, a drop of his timeline; the drop comes after the edge, and the post was committed before the job was made, so whoever
/// builds the timeline anew finds it.
///
/// Crossing the limit upwards: the notice is made in the transaction that counts the author above it, and posts are left to be pulled only
/// when both are seen, the count above the limit and the notice at its end. A timeline that was there when the notice came has it. One that
/// was being built was begun before, so the append is in it. One that was begun later was read later than the crossing, so its builder saw
/// the count above the limit, and put the notice in himself; if he saw it below, the author had come back in between, crossed once more
/// since, and there is another notice, for which all of this holds again. Crossing downwards: posts are pushed again from then on.
/// Timelines with the notice go on asking for the author's posts; one that is built from then on is read after the posts that were not
/// pushed were committed. A job's tier is decided once. If the limit is crossed meanwhile, it goes on as it began: a post too much in a
/// timeline is dropped as a double, and no post is left to be pulled that was planned before the notice had ended.
///
/// Activity orders and never filters: the second pass goes to everybody whom this very run has not reached in the first. It does not ask
/// again who is active: somebody who became so in between would be in neither pass.
///
/// A server that is away holds up what goes to it and nothing else. What it did not take is parked, the job goes on to the others, and
/// nothing of its progress is stored before that is delivered: whoever takes the job over begins before it.
/// </remarks>
internal sealed class FanoutJobRun(
    FanoutJob job, FollowerPages followers, PageSender sender, FanoutTurns turns, ProgressWriter progress, FanoutOptions options,
    Action<AppendCounts> onPage, Action onParked, TimeProvider time)
{
    // A crash repeats so many pages at most; a job that is smaller is stored once.
    private const int PagesBetweenStores = 16;

    private readonly List<long> _reached = [];
    private readonly TimelineEntry _entry =
        job.Kind == FanoutKind.Notice ? TimelineEntry.Notice(job.Author) : TimelineEntry.Post(job.Subject);

    private FanoutProgress _at = job.At;
    private int _sinceStore;
    private int? _ring;

    /// <returns>How it was planned.</returns>
    /// <exception cref="FanoutInterruptedException">To be read again.</exception>
    public async Task<FanoutTier> RunAsync(CancellationToken cancellation)
    {
        using var lane = turns.Join(job.Author);
        using var parked = new ParkedShares(sender, time);
        if (_at.Tier == FanoutTier.Unspecified)
        {
            _at = _at with { Tier = Plan(), Followers = job.Followers };
        }

        var passes = job.Kind == FanoutKind.Notice ? 1 : FanoutPlan.PassesOf(_at.Tier);
        // Who of the first pass was reached is known only to the run that began it.
        var knowsReached = _at is { Pass: 0, AfterFollower: 0 };
        for (var pass = _at.Pass; pass < passes; pass++)
        {
            if (pass > _at.Pass)
            {
                _at = _at with { Pass = pass, AfterFollower = 0 };
            }

            await RunPassAsync(lane, parked, isFirstOfTwo: passes == 2 && pass == 0, knowsReached && pass == 1, cancellation)
                .ConfigureAwait(false);
        }

        if (!parked.IsEmpty)
        {
            onParked();
            while (!parked.IsEmpty)
            {
                await parked.WaitAsync(cancellation).ConfigureAwait(false);
                await DeliverParkedAsync(lane, parked, cancellation).ConfigureAwait(false);
            }
        }

        await progress.StoreAsync(job, _at with { Ended = true }, _ring, cancellation).ConfigureAwait(false);
        return _at.Tier;
    }

    private FanoutTier Plan() => job.Kind == FanoutKind.Notice
        ? FanoutTier.Push
        : FanoutPlan.Of(options, job.Followers, job.IsNoticed).Tier;

    private async Task RunPassAsync(
        AuthorLane lane, ParkedShares parked, bool isFirstOfTwo, bool skipsReached, CancellationToken cancellation)
    {
        var underWay = new Queue<(long Last, Task<PageOutcome> Sent)>();
        var after = _at.AfterFollower;
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            while (true)
            {
                if (parked is { IsDue: true, MustBeginAgain: false })
                {
                    await DeliverParkedAsync(lane, parked, cancellation).ConfigureAwait(false);
                }

                await turns.TakeAsync(lane, options.BatchSize, patient: _at.Pass == 1, cancellation).ConfigureAwait(false);
                var (users, last, size) = await NextAsync(after, isFirstOfTwo, skipsReached, cancellation).ConfigureAwait(false);
                turns.GiveBack(lane, options.BatchSize - users.Length);
                if (size == 0)
                {
                    turns.Release();
                    break;
                }

                _ring ??= sender.RingVersion;
                underWay.Enqueue((last, SendAsync(users, failed.Token)));
                after = last;
                while (underWay.Count > 0 && (underWay.Count == turns.MostOfJob || underWay.Peek().Sent.IsCompleted))
                {
                    await CompleteAsync().ConfigureAwait(false);
                }

                if (size < options.BatchSize)
                {
                    break;
                }
            }

            while (underWay.Count > 0)
            {
                await CompleteAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await failed.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(underWay.Select(static Task (page) => page.Sent)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task CompleteAsync()
        {
            var (last, sent) = underWay.Peek();
            var outcome = await sent.ConfigureAwait(false);
            underWay.Dequeue();
            if (outcome.Unreached.Length > 0)
            {
                parked.Add(outcome);
            }

            _at = _at with { AfterFollower = last, Batches = _at.Batches + 1 };
            if (++_sinceStore >= PagesBetweenStores && parked.IsEmpty)
            {
                _sinceStore = 0;
                await progress.StoreAsync(job, _at, _ring, cancellation).ConfigureAwait(false);
                _ring = null;
            }
        }
    }

    /// <summary>The next page: to whom it goes, the last follower of it, and how many there are on it. Holds a turn, and gives it back if
    /// it fails.</summary>
    private async ValueTask<(ReadOnlyMemory<long> Users, long Last, int Size)> NextAsync(
        long after, bool isFirstOfTwo, bool skipsReached, CancellationToken cancellation)
    {
        try
        {
            var page = await followers.ReadAsync(job.Author, after, options.BatchSize, cancellation).ConfigureAwait(false);
            if (page.Length == 0)
            {
                return default;
            }

            ReadOnlyMemory<long> users = page;
            if (isFirstOfTwo)
            {
                var active = await followers.ActiveAsync(page, cancellation).ConfigureAwait(false);
                users = Array.FindAll(page, active.Contains);
                _reached.AddRange(users.Span);
            }
            else if (skipsReached)
            {
                users = Array.FindAll(page, user => _reached.BinarySearch(user) < 0);
            }

            return (users, page[^1], page.Length);
        }
        catch
        {
            turns.Release();
            throw;
        }
    }

    /// <summary>Each parked page once more, with a turn of its own, until one fails again.</summary>
    private async Task DeliverParkedAsync(AuthorLane lane, ParkedShares parked, CancellationToken cancellation)
    {
        if (parked.MustBeginAgain)
        {
            throw new FanoutInterruptedException("too much waited in this process for servers that were away");
        }

        for (var pages = parked.Pages; pages > 0; pages--)
        {
            await turns.TakeAsync(lane, options.BatchSize, patient: false, cancellation).ConfigureAwait(false);
            _ring ??= sender.RingVersion;
            var users = parked.Take();
            turns.GiveBack(lane, options.BatchSize - users.Length);
            var outcome = await SendAsync(users, cancellation).ConfigureAwait(false);
            if (outcome.Unreached.Length > 0)
            {
                parked.Add(outcome);
                return;
            }
        }
    }

    /// <summary>Sends a page once, and gives the turn back.</summary>
    private async Task<PageOutcome> SendAsync(ReadOnlyMemory<long> users, CancellationToken cancellation)
    {
        try
        {
            var outcome = await sender.AppendAsync(users, _entry, cancellation).ConfigureAwait(false);
            onPage(outcome.Counts);
            return outcome;
        }
        finally
        {
            turns.Release();
        }
    }
}
