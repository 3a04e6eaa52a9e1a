using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

public sealed class LeaseTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task AHitRunsNoHandler()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var run = new ScriptedRun(() => "one");
        var reader = mesh.NewReader();
        var filled = await reader.ReadAsync(Thing, 1, run);
        var hit = await reader.ReadAsync(Thing, 1, run);
        var elsewhere = await mesh.NewReader().ReadAsync(Thing, 1, run);

        Assert.Equal((CacheLevel.Filled, "one"), (filled.Level, Reader.Text(filled)));
        Assert.Equal((CacheLevel.Memcached, "one"), (hit.Level, Reader.Text(hit)));
        Assert.Equal((CacheLevel.Memcached, "one"), (elsewhere.Level, Reader.Text(elsewhere)));
        Assert.Equal(1, run.Runs);
    }

    [Fact]
    public async Task SixtyFourCallersOfAMissingKeyRunOneHandler()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var run = new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("one");
        });
        Reader[] readers = [mesh.NewReader(), mesh.NewReader()];
        var reads = Enumerable.Range(0, 64).Select(i => readers[i % 2].ReadAsync(Thing, 1, run)).ToArray();
        await phase.Reached;
        phase.Open();
        var answers = await Task.WhenAll(reads);

        Assert.All(answers, answer => Assert.Equal("one", Reader.Text(answer)));
        Assert.Equal(1, run.Runs);
    }

    [Fact]
    public async Task NotFoundIsCachedAsAbsent()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var run = new ScriptedRun((_, _) => new(HandlerAnswer.Absent));
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, run);
        var hit = await reader.ReadAsync(Thing, 1, run);

        Assert.False(hit.IsPresent);
        Assert.Equal(CacheLevel.Memcached, hit.Level);
        Assert.Equal(1, run.Runs);
    }

    [Fact]
    public async Task AnOldLeaseCannotOverwriteAnInvalidation()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var old = new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("old");
        });
        var reader = mesh.NewReader();
        var first = reader.ReadAsync(Thing, 1, old);
        await phase.Reached;
        await mesh.Invalidator.ChangeAsync(1, Thing, "1");
        phase.Open();

        // Its starter may have it: it read the primary after it asked.
        Assert.Equal("old", Reader.Text(await first));
        var next = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"));
        Assert.Equal((CacheLevel.Filled, "new"), (next.Level, Reader.Text(next)));
    }

    [Fact]
    public async Task AFillThatFindsALaterLeaseLeavesItAlone()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (oldPhase, newPhase) = (new Phase(), new Phase());
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var old = one.ReadAsync(Thing, 1, Held(oldPhase, "old"));
        await oldPhase.Reached;
        await mesh.Invalidator.ChangeAsync(1, Thing, "1");
        var late = two.ReadAsync(Thing, 1, Held(newPhase, "new"));
        await newPhase.Reached;
        oldPhase.Open();
        await old;
        newPhase.Open();

        Assert.Equal((CacheLevel.Filled, "new"), ((await late).Level, Reader.Text(await late)));
        var hit = await one.ReadAsync(Thing, 1, new ScriptedRun(() => "none"));
        Assert.Equal((CacheLevel.Memcached, "new"), (hit.Level, Reader.Text(hit)));
    }

    [Fact]
    public async Task TheFenceIsReadAfterTheLease()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();

        // The reader knows the watermark as it is now.
        await reader.ReadAsync(Thing, 7, new ScriptedRun(() => ""));
        await mesh.Invalidator.IntendAsync(5);
        var run = new ScriptedRun(() => "one");
        var answer = await reader.ReadAsync(Thing, 1, run);

        Assert.Equal(ScriptedInvalidator.At(5), answer.Fence);
        Assert.Equal(ScriptedInvalidator.At(5), run.Contexts.Single().Fence);
        Assert.Equal(ScriptedInvalidator.Token(5), run.Contexts.Single().NestedToken);
    }

    [Fact]
    public async Task ANewGenerationMakesEverythingOlderInvisible()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        await mesh.NewReader().ReadAsync(Thing, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.BeginAsync();
        var answer = await mesh.NewReader().ReadAsync(Thing, 1, new ScriptedRun(() => "new"));
        Assert.Equal((CacheLevel.Filled, "new"), (answer.Level, Reader.Text(answer)));
    }

    [Fact]
    public async Task AWinnerThatFailsGivesTheLeaseBackAndEveryCallerGetsTheFailure()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var failing = new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            throw new InvalidOperationException("the handler's own");
        });
        var reader = mesh.NewReader();
        var starter = reader.ReadAsync(Thing, 1, failing);
        await phase.Reached;
        var joiner = reader.ReadAsync(Thing, 1, failing);
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Joins == 1, "the second caller has joined");
        phase.Open();

        Assert.Equal("the handler's own", (await Assert.ThrowsAsync<InvalidOperationException>(() => starter)).Message);
        Assert.Equal("the handler's own", (await Assert.ThrowsAsync<InvalidOperationException>(() => joiner)).Message);
        Assert.Equal(1, failing.Runs);
        Assert.Equal(MetaStatus.Miss, (await mesh.LookAsync(Thing, "1")).Status);
        var next = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "one"));
        Assert.Equal(CacheLevel.Filled, next.Level);
    }

    [Fact]
    public async Task AFlightOutlivesItsFirstCaller()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var reader = mesh.NewReader();
        using var first = new CancellationTokenSource();
        var starter = reader.ReadAsync(Thing, 1, Held(phase, "one"), cancellation: first.Token);
        await phase.Reached;
        var joiner = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"));
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starter);
        phase.Open();

        Assert.Equal("one", Reader.Text(await joiner));
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"))).Level);
    }

    [Fact]
    public async Task AfterALostFillOnlyWhoJoinedBeforeTheHandlerGetsItsAnswer()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var reader = mesh.NewReader();
        var starter = reader.ReadAsync(Thing, 1, Held(phase, "old"));
        await phase.Reached;
        var joiner = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"));
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Joins == 1, "the second caller has joined");
        await mesh.Invalidator.ChangeAsync(1, Thing, "1");
        phase.Open();

        Assert.Equal("old", Reader.Text(await starter));
        Assert.Equal("new", Reader.Text(await joiner));
    }

    [Fact]
    public async Task WhoJoinedAFlightThatItsLimitEndedAsksAgainWhileHeHasTime()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var phase = new Phase();
        var first = reader.ReadAsync(Brief, 1, new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("none");
        }));
        await phase.Reached;
        var late = new ScriptedRun(() => "late");
        var joiner = reader.ReadAsync(Brief, 1, late, new ReadConditions { Remaining = Phase.Limit });

        await Assert.ThrowsAsync<ReadOverdueException>(() => first);
        Assert.Equal("late", Reader.Text(await joiner));
        Assert.Equal(1, late.Runs);
    }

    [Fact]
    public async Task AnUncachedRunEndsWithTheTimeOfItsCaller()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var reader = mesh.NewReader();
        await Assert.ThrowsAsync<ReadOverdueException>(() => reader.ReadAsync(
            Thing, 1,
            new ScriptedRun(async (_, cancellation) =>
            {
                await new Phase().PassAsync(cancellation);
                return ScriptedRun.Of("none");
            }),
            new ReadConditions { Remaining = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal(0, reader.Reads.Runtime.Node(CacheFixture.Node).Admission.Running);
    }

    [Fact]
    public async Task AFlightOfAnEarlierLeaseIsNotJoined()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (oldPhase, newPhase) = (new Phase(), new Phase());
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var old = one.ReadAsync(Thing, 1, Held(oldPhase, "old"));
        await oldPhase.Reached;
        await mesh.Invalidator.ChangeAsync(1, Thing, "1");
        var current = two.ReadAsync(Thing, 1, Held(newPhase, "new"));
        await newPhase.Reached;

        // This process still has a flight of the key, but of a lease that is gone; the one that was lost is the other process's.
        var waiting = one.ReadAsync(Thing, 1, new ScriptedRun(() => "none"));
        await Patience.UntilAsync(() => one.Reads.For(Thing).Counters.Waits == 1, "it waits for the other process");
        oldPhase.Open();
        await old;
        newPhase.Open();
        await current;
        Assert.Equal("new", Reader.Text(await waiting));
        Assert.Equal(0, one.Reads.For(Thing).Counters.Joins);
    }

    [Fact]
    public async Task ACallerWaitsForAnotherProcesssFill()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var winner = one.ReadAsync(Thing, 1, Held(phase, "one"));
        await phase.Reached;
        var waiting = Enumerable.Range(0, 8).Select(_ => two.ReadAsync(Thing, 1, new ScriptedRun(() => "none"))).ToArray();
        await Patience.UntilAsync(() => two.Reads.For(Thing).Counters.Waits == 8, "all of them wait");
        phase.Open();
        await winner;

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal((CacheLevel.Memcached, "one"), (answer.Level, Reader.Text(answer))));
    }

    [Fact]
    public async Task WhoWaitedForHalfHisTimeReadsPastTheCache()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var phase = new Phase();
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var winner = one.ReadAsync(Thing, 1, Held(phase, "one"));
        await phase.Reached;
        var answer = await two.ReadAsync(
            Thing, 1, new ScriptedRun(() => "own"), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(400) });
        phase.Open();
        await winner;

        Assert.Equal((UncachedReason.WaitedLongEnough, "own"), (answer.Uncached, Reader.Text(answer)));
    }

    [Fact]
    public async Task ALoserTakesOverADeadWinnersLease()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Brief, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(1, Brief, "1");

        // A winner that is never heard of again.
        var key = mesh.Invalidator.KeyOf(Brief, "1");
        var dead = await mesh.Pool.OwnerOf(key.Ring.Span).GetAsync(key.Under(mesh.Invalidator.Generation), MetaGet.Lease(60));
        Assert.True(dead is { Won: true, Stale: true });
        await mesh.Pool.OwnerOf(key.Ring.Span).GetAsync(key.Under(mesh.Invalidator.Generation), new MetaGet { TouchSeconds = 3600 });

        var run = new ScriptedRun(() => "new");
        await Patience.UntilAsync(
            async () => (await reader.ReadAsync(Brief, 1, run, new ReadConditions { Remaining = TimeSpan.FromMilliseconds(50) })).Level == CacheLevel.Filled
                || (await reader.ReadAsync(Brief, 1, run)).Level == CacheLevel.Memcached,
            "somebody fills under the dead winner's lease");
    }

    [Fact]
    public async Task WithoutAWatermarkEveryReadIsUncached()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var run = new ScriptedRun(() => "one");
        var reader = mesh.NewReader();
        var first = await reader.ReadAsync(Thing, 1, run);
        var second = await reader.ReadAsync(Thing, 1, run);

        Assert.Equal((UncachedReason.NoWatermark, UncachedReason.NoWatermark), (first.Uncached, second.Uncached));
        Assert.Equal(2, run.Runs);
    }

    [Fact]
    public async Task AContractThatTheInvalidatorHasNotReachedIsUncached()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        mesh.Invalidator.Contracts = TestNumbers.All with { Number = TestNumbers.All.Number - 1 };
        await mesh.Invalidator.BeginAsync();
        Assert.Equal(UncachedReason.NotHonoured, (await mesh.NewReader().ReadAsync(Thing, 1, new ScriptedRun(() => ""))).Uncached);

        mesh.Invalidator.Contracts = TestNumbers.All with { Epoch = 1 };
        await mesh.Invalidator.BeginAsync();
        Assert.Equal(UncachedReason.NotHonoured, (await mesh.NewReader().ReadAsync(Thing, 1, new ScriptedRun(() => ""))).Uncached);

        mesh.Invalidator.Contracts = TestNumbers.All;
        mesh.Invalidator.Ring = 2;
        await mesh.Invalidator.BeginAsync();
        Assert.Equal(UncachedReason.OtherRing, (await mesh.NewReader().ReadAsync(Thing, 1, new ScriptedRun(() => ""))).Uncached);
    }

    [Fact]
    public async Task WhatIsNotAnnouncedOrSwitchedOffIsUncached()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var run = new ScriptedRun(() => "one");
        await reader.ReadAsync(Thing, 1, run);
        reader.Numbers.Announce(false);
        Assert.Equal(UncachedReason.NotAnnounced, (await reader.ReadAsync(Thing, 1, run)).Uncached);
        reader.Numbers.Announce(true);
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Thing, 1, run)).Level);
        var method = reader.Reads.For(Thing);
        method.Settings = method.Settings with { IsOn = false };
        Assert.Equal(UncachedReason.Off, (await reader.ReadAsync(Thing, 1, run)).Uncached);
    }

    [Fact]
    public async Task ARequestWithUnknownFieldsIsUncached()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var request = Protos.GetThingRequest.Parser.ParseFrom([0x08, 1, 0x50, 1]);
        var answer = await mesh.NewReader().ReadAsync(Thing, request, new ScriptedRun(() => ""));
        Assert.Equal(UncachedReason.Request, answer.Uncached);
    }

    [Fact]
    public async Task AnswersThatVaryByCallerAreKeptApart()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Own, 1, new ScriptedRun(() => "of 5"), new ReadConditions { CallerId = 5 });
        var other = await reader.ReadAsync(Own, 1, new ScriptedRun(() => "of 6"), new ReadConditions { CallerId = 6 });
        var again = await reader.ReadAsync(Own, 1, new ScriptedRun(() => "none"), new ReadConditions { CallerId = 5 });

        Assert.Equal(("of 6", "of 5"), (Reader.Text(other), Reader.Text(again)));
        await mesh.Invalidator.ChangeAsync(1, Own, "1", "5");
        Assert.Equal("changed", Reader.Text(await reader.ReadAsync(Own, 1, new ScriptedRun(() => "changed"), new ReadConditions { CallerId = 5 })));
    }

    [Fact]
    public async Task AnAnswerTooLargeForAnItemIsGivenAndNotKept()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var run = new ScriptedRun((_, _) => new(HandlerAnswer.Present(new byte[2_000_000])));
        var reader = mesh.NewReader();
        Assert.Equal(2_000_000, (await reader.ReadAsync(Thing, 1, run)).Bytes.Length);
        Assert.Equal(MetaStatus.Miss, (await mesh.LookAsync(Thing, "1")).Status);
    }

    private static ScriptedRun Held(Phase phase, string text) => new(async (_, cancellation) =>
    {
        await phase.PassAsync(cancellation);
        return ScriptedRun.Of(text);
    });
}
