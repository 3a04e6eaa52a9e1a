using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class FanoutTurnsTests
{
    private const int Batch = 1_000;
    private const long Large = 1;
    private const long Small = 2;
    private readonly FanoutOptions _options = new() { BatchSize = Batch };

    [Fact]
    public async Task APostOfManyFollowersDoesNotDelayAnother()
    {
        var turns = New(_options);
        var (large, small) = (turns.Join(Large), turns.Join(Small));
        await TakeAsync(turns, large, 16);
        // It has used up its burst, and asks for as many as a job has under way.
        var waiting = Enumerable.Range(0, 8).Select(_ => turns.TakeAsync(large, Batch, false, default).AsTask()).ToList();
        Assert.All(waiting, turn => Assert.False(turn.IsCompleted));

        // Ten batches of the other all come before them.
        await TakeAsync(turns, small, 10);
        Assert.All(waiting, turn => Assert.False(turn.IsCompleted));
        for (var batch = 0; batch < 26; batch++)
        {
            turns.Release();
        }

        await Task.WhenAll(waiting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ThreeHundredPostsOfOneAuthorDelayAnothersByNoMoreThanTwice(bool patient)
    {
        const int Pages = 40;
        Assert.Equal(Pages, await TurnsUntilDoneAsync(posts: 0, Pages, patient));

        // One turn for the other's that was under way.
        Assert.InRange(await TurnsUntilDoneAsync(posts: 300, Pages, patient), Pages, (2 * Pages) + 1);
    }

    [Fact]
    public void ANewPostOfAnAuthorWhoHasUsedUpHisShareGetsNoNewOne()
    {
        var turns = New(_options);
        using (var first = turns.Join(Large))
        {
            first.Share.Take(_options.PostBurst);
        }

        // Long after, as far as lanes are concerned.
        for (var author = 100; author < 400; author++)
        {
            turns.Join(author).Dispose();
        }

        Assert.False(turns.Join(Large).Share.Has(Batch));
        Assert.True(turns.Join(Small).Share.Has(Batch));
    }

    [Fact]
    public async Task TheBatchAfterTheLastThatMayBeInFlightWaits()
    {
        var turns = New(_options);
        for (var author = 0; author < 200; author++)
        {
            await TakeAsync(turns, turns.Join(author), 1);
        }

        var next = turns.TakeAsync(turns.Join(200), Batch, false, default).AsTask();
        Assert.False(next.IsCompleted);
        turns.Release();
        await next.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task AloneAPostIsNotHeldBack()
    {
        var turns = New(_options);
        var lane = turns.Join(Large);
        for (var batch = 0; batch < 1_000; batch++)
        {
            await TakeAsync(turns, lane, 1);
            turns.Release();
        }
    }

    [Fact]
    public async Task WhoIsPatientComesToAnEndBesideAThousandOthers()
    {
        var turns = New(new FanoutOptions { BatchSize = Batch, BatchesInFlight = 1 });
        await TakeAsync(turns, turns.Join(Large), 1);
        var patient = turns.TakeAsync(turns.Join(Small), Batch, true, default).AsTask();
        var others = new Queue<Task>(
            Enumerable.Range(100, 30).Select(author => turns.TakeAsync(turns.Join(author), Batch, false, default).AsTask()));
        var before = 0;
        while (!patient.IsCompleted)
        {
            turns.Release();
            await Task.WhenAny(patient, others.Peek());
            if (others.Peek().IsCompleted)
            {
                await others.Dequeue();
                before++;
            }
        }

        Assert.InRange(before, 1, 8);
    }

    [Fact]
    public async Task WhoGivesUpWaitingHoldsNothing()
    {
        var turns = New(new FanoutOptions { BatchSize = Batch, BatchesInFlight = 1 });
        var lane = turns.Join(Large);
        await TakeAsync(turns, lane, 1);
        using var gaveUp = new CancellationTokenSource();
        var waiting = turns.TakeAsync(lane, Batch, false, gaveUp.Token).AsTask();
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        turns.Release();
        await TakeAsync(turns, lane, 1);
    }

    /// <summary>How many turns are given, one at a time, until a post of so many pages has had its own, beside so many posts of another author
    /// that all wait from before. Nobody has any of his burst left.</summary>
    private async Task<int> TurnsUntilDoneAsync(int posts, int pages, bool patient)
    {
        var turns = New(new FanoutOptions { BatchSize = Batch, BatchesInFlight = 1 });
        var (large, small) = (turns.Join(Large), turns.Join(Small));
        large.Share.Take(_options.PostBurst);
        small.Share.Take(_options.PostBurst);
        await TakeAsync(turns, turns.Join(3), 1);
        var others = Enumerable.Range(0, posts).Select(_ => turns.TakeAsync(large, Batch, false, default).AsTask()).ToList();
        for (var (given, done) = (0, 0); ; given++)
        {
            if (done == pages)
            {
                return given;
            }

            var own = turns.TakeAsync(small, Batch, patient, default).AsTask();
            turns.Release();
            while (!own.IsCompleted)
            {
                var other = await Task.WhenAny([own, .. others]).WaitAsync(TimeSpan.FromSeconds(30));
                if (other != own)
                {
                    // It sends its page, and asks for the next.
                    given++;
                    others.Remove(other);
                    others.Add(turns.TakeAsync(large, Batch, false, default).AsTask());
                    turns.Release();
                }
            }

            done++;
        }
    }

    private static FanoutTurns New(FanoutOptions options) => new(options, new StandingTime());

    private static async Task TakeAsync(FanoutTurns turns, AuthorLane lane, int batches)
    {
        for (var batch = 0; batch < batches; batch++)
        {
            await turns.TakeAsync(lane, Batch, false, default).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>A clock on which no share fills up again.</summary>
    private sealed class StandingTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
