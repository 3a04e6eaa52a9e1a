using InstaGrpc.Caching.Internal;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>Read your writes.</summary>
public sealed class TokenTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task ATokenThatIsAppliedIsAHit()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await mesh.Invalidator.AppliedAsync(3);
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "one"));
        var answer = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"), With(3));
        Assert.Equal(CacheLevel.Memcached, answer.Level);
    }

    [Fact]
    public async Task ATokenThatIsNotAppliedInTimeReadsPastTheCacheWithTheTokenForNestedReads()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "old"));
        var run = new ScriptedRun(() => "new");
        var answer = await reader.ReadAsync(Thing, 1, run, With(3));

        Assert.Equal((UncachedReason.TokenAhead, "new"), (answer.Uncached, Reader.Text(answer)));
        Assert.Equal(ScriptedInvalidator.Token(3), run.Contexts.Single().NestedToken);
        Assert.Null(run.Contexts.Single().Fence);
    }

    [Fact]
    public async Task ATokenIsWaitedForBeforeTheEntryIsAskedFor()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "old"));

        // Marks, then lo: a reader that sees lo at the token finds the mark. The value that it had seen before must not be the answer.
        await mesh.Invalidator.ChangeAsync(3, Thing, "1");
        var answer = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"), With(3));
        Assert.Equal("new", Reader.Text(answer));
        Assert.Equal(CacheLevel.Filled, answer.Level);
    }

    [Fact]
    public async Task TokensOfOtherTimelinesAreSatisfiedOrSentToThePrimary()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "one"));

        // LSNs of two timelines can't be compared: an earlier one is satisfied whatever its number, a later one is not.
        var earlier = new TokenPosition(new Timeline(ScriptedInvalidator.Timeline - 1), new Lsn(ulong.MaxValue / 2));
        var later = new TokenPosition(new Timeline(ScriptedInvalidator.Timeline + 1), new Lsn(1));
        var hit = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"), new ReadConditions { Token = earlier });
        var miss = await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "own"), new ReadConditions { Token = later });

        Assert.Equal(CacheLevel.Memcached, hit.Level);
        Assert.Equal(UncachedReason.OtherTimeline, miss.Uncached);
    }

    [Fact]
    public async Task ATokenJoinsNoFlightWhoseFenceIsBeforeIt()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var phase = new Phase();
        var starter = reader.ReadAsync(Thing, 1, new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("old");
        }));
        await phase.Reached;

        // A write of another row: applied, and this lease is still good.
        await mesh.Invalidator.ChangeAsync(3, Thing, "2");
        var waits = reader.Reads.For(Thing).Counters.Waits;
        var writer = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"), With(3));
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Waits > waits, "it waits instead of joining");
        phase.Open();
        await starter;

        // The fill stands, so nothing up to lo touched the row: now it is a hit.
        Assert.Equal(CacheLevel.Memcached, (await writer).Level);
        Assert.Equal(0, reader.Reads.For(Thing).Counters.Joins);
    }

    /// <summary>Joined before the flight has its fence: so the fence is looked at when it ends, however it ends.</summary>
    [Theory]
    [InlineData(true, 2u, "new")]
    [InlineData(true, 3u, "theirs")]
    [InlineData(false, 2u, "new")]
    [InlineData(false, 3u, "theirs")]
    public async Task ATokenTakesNoAnswerOfAFlightWhoseFenceTurnsOutToBeBeforeIt(bool filled, uint fence, string expected)
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await mesh.Invalidator.AppliedAsync(3);
        var key = mesh.Invalidator.KeyOf(Thing, "1");
        var server = mesh.Pool.OwnerOf(key.Ring.Span);
        var won = await server.GetAsync(key.Under(mesh.Invalidator.Generation), MetaGet.Lease(60));
        var flight = new Flight(new EntryName(key.Under(mesh.Invalidator.Generation)), won.Cas);
        reader.Reads.Runtime.Flights.Add(flight);

        var read = reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"), With(3));
        await Patience.UntilAsync(() => reader.Reads.For(Thing).Counters.Joins == 1, "it has joined");
        await server.DeleteAsync(key.Under(mesh.Invalidator.Generation));
        reader.Reads.Runtime.Flights.Remove(flight);
        flight.Complete(new FlightEnd(
            filled ? FlightResult.Filled : FlightResult.Lost, ScriptedRun.Of("theirs"), ScriptedInvalidator.At(fence)));

        Assert.Equal(expected, Reader.Text(await read));
    }

    [Fact]
    public async Task ANestedReadCarriesTheOuterFenceAsItsToken()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Thing, 2, new ScriptedRun(() => "inner, old"));

        // The outer lease is won when a change of the inner row is on its way: hi says so, the mark is not there yet.
        await mesh.Invalidator.IntendAsync(5);
        CacheAnswer inner = default;
        await reader.ReadAsync(Copied, 1, new ScriptedRun(async (context, _) =>
        {
            inner = await reader.ReadAsync(Thing, 2, new ScriptedRun(() => "inner, new"), new ReadConditions { Within = context });
            return ScriptedRun.Of("outer");
        }));
        Assert.Equal("inner, new", Reader.Text(inner));
        Assert.Equal(CacheLevel.Uncached, inner.Level);
    }

    private static ReadConditions With(uint transaction) => new() { Token = ScriptedInvalidator.Token(transaction) };
}
