using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class FanoutTurnsTests
{
    private const int Batch = 1_000;
    private readonly FanoutOptions _options = new() { BatchSize = Batch };

    [Fact]
    public async Task APostOfManyFollowersDoesNotDelayAnother()
    {
        var turns = new FanoutTurns(_options);
        var (large, small) = (Share(), Share());
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

    [Fact]
    public async Task AloneAPostIsNotHeldBack()
    {
        var turns = new FanoutTurns(_options);
        var share = Share();
        for (var batch = 0; batch < 1_000; batch++)
        {
            await TakeAsync(turns, share, 1);
            turns.Release();
        }
    }

    [Fact]
    public async Task WhoIsPatientComesToAnEndBesideAThousandOthers()
    {
        var turns = new FanoutTurns(new FanoutOptions { BatchSize = Batch, BatchesInFlight = 1 });
        await TakeAsync(turns, Share(), 1);
        var patient = turns.TakeAsync(Share(), Batch, true, default).AsTask();
        var others = new Queue<Task>(Enumerable.Range(0, 30).Select(_ => turns.TakeAsync(Share(), Batch, false, default).AsTask()));
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
        var turns = new FanoutTurns(new FanoutOptions { BatchSize = Batch, BatchesInFlight = 1 });
        await TakeAsync(turns, Share(), 1);
        using var gaveUp = new CancellationTokenSource();
        var waiting = turns.TakeAsync(Share(), Batch, false, gaveUp.Token).AsTask();
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        turns.Release();
        await TakeAsync(turns, Share(), 1);
    }

    private PostShare Share() => new(_options.PostRate, _options.PostBurst, new StandingTime());

    private static async Task TakeAsync(FanoutTurns turns, PostShare share, int batches)
    {
        for (var batch = 0; batch < batches; batch++)
        {
            await turns.TakeAsync(share, Batch, false, default).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>A clock on which no share fills up again.</summary>
    private sealed class StandingTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
