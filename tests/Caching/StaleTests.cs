using InstaGrpc.Caching.Internal;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>Marked values: who may have them, who refills, and how often.</summary>
public sealed class StaleTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task AMarkedValueThatWasSeenValidIsServedWhileTheWinnerRefills()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await two.ReadAsync(Count, 1, new ScriptedRun(() => "none"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");

        var phase = new Phase();
        var winner = one.ReadAsync(Count, 1, Held(phase, "new"));
        await phase.Reached;
        var stale = await two.ReadAsync(Count, 1, new ScriptedRun(() => "none"));
        phase.Open();

        Assert.Equal((CacheLevel.Stale, "old"), (stale.Level, Reader.Text(stale)));
        Assert.Equal((CacheLevel.Filled, "new"), ((await winner).Level, Reader.Text(await winner)));
        Assert.Equal("new", Reader.Text(await two.ReadAsync(Count, 1, new ScriptedRun(() => "none"))));
    }

    [Fact]
    public async Task AMarkedValueIsServedOnlyAsLongAsItsFillIdWasSeen()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(Patient), mesh.NewReader(Patient));
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "old"));

        // Two minutes later (by PostgreSQL's clock, as both know it), only the first process sees it valid again.
        one.Clock.Ahead = two.Clock.Ahead = TimeSpan.FromMinutes(2);
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "none"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        await WinAsync(mesh, "1");

        Assert.Equal(CacheLevel.Stale, (await one.ReadAsync(Count, 1, new ScriptedRun(() => "none"))).Level);
        var blind = await two.ReadAsync(
            Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(100) });
        Assert.Equal((UncachedReason.WaitedLongEnough, "own"), (blind.Uncached, Reader.Text(blind)));

        // And the first only for max_stale from when it saw it.
        one.Clock.Ahead += TimeSpan.FromSeconds(61);
        var late = await one.ReadAsync(Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(100) });
        Assert.Equal(CacheLevel.Uncached, late.Level);
    }

    [Fact]
    public async Task ACallersOwnLimitAndANestedReadAllowNothingStale()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        await WinAsync(mesh, "1");
        var brief = TimeSpan.FromMilliseconds(100);

        Assert.Equal(CacheLevel.Stale, (await reader.ReadAsync(Count, 1, new ScriptedRun(() => "none"))).Level);
        var strict = await reader.ReadAsync(
            Count, 1, new ScriptedRun(() => "own"), new ReadConditions { MaxStale = TimeSpan.Zero, Remaining = brief });
        Assert.Equal("own", Reader.Text(strict));

        // Inside another method's run: what it fills would keep the inner value's staleness after its own mark is gone.
        CacheAnswer inner = default;
        await reader.ReadAsync(Thing, 5, new ScriptedRun(async (context, _) =>
        {
            inner = await reader.ReadAsync(
                Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Within = context, Remaining = brief });
            return ScriptedRun.Of("outer");
        }));
        Assert.Equal("own", Reader.Text(inner));
    }

    [Fact]
    public async Task AStaleValueIsNotServedToATokenPastItsFence()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await mesh.Invalidator.AppliedAsync(3);
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(4, Count, "1");
        await WinAsync(mesh, "1");
        var brief = TimeSpan.FromMilliseconds(100);

        var within = await reader.ReadAsync(
            Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Token = ScriptedInvalidator.Token(3), Remaining = brief });
        var past = await reader.ReadAsync(
            Count, 1, new ScriptedRun(() => "own"), new ReadConditions { Token = ScriptedInvalidator.Token(4), Remaining = brief });
        Assert.Equal((CacheLevel.Stale, CacheLevel.Uncached), (within.Level, past.Level));
    }

    [Fact]
    public async Task AFillThatCameTooLateIsKeptAsStaleAndNeverTakenForValid()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two, three) = (mesh.NewReader(), mesh.NewReader(Patient), mesh.NewReader());
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "old"));

        // By its clock a minute ahead, this process saw the old value valid just now.
        two.Clock.Ahead = TimeSpan.FromSeconds(61);
        await two.ReadAsync(Count, 1, new ScriptedRun(() => "none"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        var phase = new Phase();
        var refill = one.ReadAsync(Count, 1, Held(phase, "between"), Strict);
        await phase.Reached;
        await mesh.Invalidator.ChangeAsync(2, Count, "1");
        phase.Open();
        await refill;

        Assert.Equal(1, one.Reads.For(Count).Counters.KeptStale);
        var item = await WinAsync(mesh, "1");
        Assert.Equal("between", Text(item));

        // Young enough by its own filled_at it may be served; no older, for nobody ever saw it valid: another fill of the key that was seen proves nothing.
        Assert.Equal((CacheLevel.Stale, "between"), await ReadAsync(three, "none"));
        Assert.Equal((CacheLevel.Uncached, "own"), await ReadAsync(two, "own"));
    }

    [Fact]
    public async Task AFillThatCameTooLateLeavesSomebodyElsesFillAlone()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        var phase = new Phase();
        var late = one.ReadAsync(Count, 1, Held(phase, "between"), Strict);
        await phase.Reached;
        await mesh.Invalidator.ChangeAsync(2, Count, "1");
        await two.ReadAsync(Count, 1, new ScriptedRun(() => "new"), Strict);
        phase.Open();
        await late;

        Assert.Equal(0, one.Reads.For(Count).Counters.KeptStale);
        var hit = await one.ReadAsync(Count, 1, new ScriptedRun(() => "none"));
        Assert.Equal((CacheLevel.Memcached, "new"), (hit.Level, Reader.Text(hit)));
    }

    [Fact]
    public async Task AFillThatCameTooLateGivesBackTheRightThatItsLookTook()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        await one.ReadAsync(Count, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        var phase = new Phase();
        var late = one.ReadAsync(Count, 1, Held(phase, "between"), Strict);
        await phase.Reached;
        await mesh.Invalidator.ChangeAsync(2, Count, "1");
        await two.ReadAsync(Count, 1, new ScriptedRun(() => "new"), Strict);
        await mesh.Invalidator.ChangeAsync(3, Count, "1");
        phase.Open();
        await late;

        var item = await mesh.LookAsync(Count, "1");
        Assert.True(item is { Won: true, Stale: true });
        Assert.Equal("new", Text(item));
    }

    [Fact]
    public async Task AKeyThatIsMarkedAllTheTimeIsQueriedOnceAnInterval()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        Reader[] readers = [mesh.NewReader(), mesh.NewReader(), mesh.NewReader()];
        var value = 0;
        var run = new ScriptedRun(() => $"{Volatile.Read(ref value)}");
        foreach (var reader in readers)
        {
            await reader.ReadAsync(Count, 1, run);
        }

        // The interval is a second of PostgreSQL's clock: time from the first mark on decides how many queries there may be.
        var began = System.Diagnostics.Stopwatch.StartNew();
        var before = run.Runs;
        var answers = 0;
        for (var change = 1u; change <= 400; change++)
        {
            Interlocked.Increment(ref value);
            await mesh.Invalidator.ChangeAsync(change, Count, "1");
            var read = await Task.WhenAll(readers.Select(reader => reader.ReadAsync(Count, 1, run)));
            answers += read.Count(answer => answer.Level == CacheLevel.Stale);
        }

        // One right at once, and one for every interval since; the last may be waiting for its interval.
        var most = 2 + (int)began.Elapsed.TotalSeconds;
        Assert.InRange(run.Runs - before, 1, most);
        Assert.True(answers > 400, $"only {answers} of 1,200 reads were answered with the stale value");

        // And it ends with the newest value, without anybody's reading.
        await Patience.UntilAsync(async () =>
        {
            var answer = await readers[0].ReadAsync(Count, 1, run);
            return answer.Level == CacheLevel.Memcached && Reader.Text(answer) == "400";
        }, "the newest value is filled");
    }

    [Fact]
    public async Task WithoutTheRightTheWinnerServesTheStaleValueAndRefillsWhenTheIntervalIsOver()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "0"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "1"));
        await mesh.Invalidator.ChangeAsync(2, Count, "1");
        var run = new ScriptedRun(() => "2");
        var answer = await reader.ReadAsync(Count, 1, run);

        // On a machine so busy that the interval is over already, the right was there.
        Assert.True(answer.Level is CacheLevel.Stale or CacheLevel.Filled);
        await Patience.UntilAsync(() => run.Runs == 1, "the refill is made in the background");
        await Patience.UntilAsync(
            async () => Reader.Text(await reader.ReadAsync(Count, 1, new ScriptedRun(() => "none"))) == "2", "its value is there");
    }

    [Fact]
    public async Task AWinThatSomebodyElseHasByTheEndOfTheIntervalIsNotFollowedUp()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        for (var id = 1; ; id++)
        {
            Assert.InRange(id, 1, 20);
            var since = System.Diagnostics.Stopwatch.StartNew();
            await reader.ReadAsync(Count, id, new ScriptedRun(() => "0"));
            await mesh.Invalidator.ChangeAsync(1, Count, $"{id}");
            await reader.ReadAsync(Count, id, new ScriptedRun(() => "1"));
            await mesh.Invalidator.ChangeAsync(2, Count, $"{id}");
            var run = new ScriptedRun(() => "2");
            await reader.ReadAsync(Count, id, run);

            // Marked again, and won by another process, well before the interval of a second is over.
            await mesh.Invalidator.ChangeAsync(3, Count, $"{id}");
            var won = await WinAsync(mesh, $"{id}");
            if (since.Elapsed > TimeSpan.FromMilliseconds(500))
            {
                continue;
            }

            Assert.Equal(1, reader.Reads.Runtime.Refills.Count);
            await Patience.UntilAsync(() => reader.Reads.Runtime.Refills.Count == 0, "the process has asked again");
            Assert.Equal(0, run.Runs);
            Assert.Equal(won.Cas, (await mesh.LookAsync(Count, $"{id}")).Cas);
            return;
        }
    }

    /// <summary>Two callers of a process win a key one after the other, and the earlier is the last to hear that he has no right.</summary>
    [Fact]
    public async Task OfTwoWinsThatArePutOffTheLaterOneIsFollowedUp()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Count, 1, new ScriptedRun(() => "0"));
        await mesh.Invalidator.ChangeAsync(1, Count, "1");
        var earlier = await WinAsync(mesh, "1");
        await mesh.Invalidator.ChangeAsync(2, Count, "1");
        var later = await WinAsync(mesh, "1");
        var reads = reader.Reads;
        var at = reads.For(Count).On(CacheFixture.Node)!;
        var place = reads.Place(at, new Protos.GetThingRequest { Id = 1 }, null);
        var (old, run) = (new ScriptedRun(() => "old"), new ScriptedRun(() => "2"));

        var wait = TimeSpan.FromMilliseconds(200);
        reads.Runtime.Refills.Schedule(Lease(later), run, null, wait);
        reads.Runtime.Refills.Schedule(Lease(earlier), old, null, wait);

        await Patience.UntilAsync(
            async () => Reader.Text(await reader.ReadAsync(Count, 1, new ScriptedRun(() => "none"))) == "2", "the later win is filled");
        Assert.Equal((0, 1), (old.Runs, run.Runs));

        WonLease Lease(MetaReply won) => new(
            new Flight(new EntryName(place.Under(mesh.Invalidator.Generation)), won.Cas), place, mesh.Invalidator.Generation, WonOver.Marked,
            EntryHeader.TryRead(won.Value, out var header) ? header.FillId : 0, default);
    }

    // The scripted invalidator does not send heartbeats by a clock that a test has moved.
    private static void Patient(CacheOptions options) => options.MaxLag = TimeSpan.FromHours(1);

    private static ReadConditions Strict => new() { MaxStale = TimeSpan.Zero };

    private static string Text(MetaReply item) => System.Text.Encoding.UTF8.GetString(item.Value.AsSpan(EntryHeader.Bytes));

    private static async Task<(CacheLevel, string)> ReadAsync(Reader reader, string own)
    {
        var answer = await reader.ReadAsync(
            Count, 1, new ScriptedRun(() => own), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(100) });
        return (answer.Level, Reader.Text(answer));
    }

    /// <summary>Wins the refill for a process that never fills, so that everybody else has lost.</summary>
    private static async Task<MetaReply> WinAsync(CacheFixture mesh, string id)
    {
        var item = await mesh.LookAsync(Count, id);
        Assert.True(item.Won);
        return item;
    }

    private static ScriptedRun Held(Phase phase, string text) => new(async (_, cancellation) =>
    {
        await phase.PassAsync(cancellation);
        return ScriptedRun.Of(text);
    });
}
