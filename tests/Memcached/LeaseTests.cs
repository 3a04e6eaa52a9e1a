namespace InstaGrpc.Memcached.Tests;

/// <summary>What the cache protocol relies on, one test a fact.</summary>
public sealed class LeaseTests(RunningMemcached memcached) : IClassFixture<RunningMemcached>
{
    private static readonly MetaGet _lease = MetaGet.Lease(30) with { Return = MetaReturn.Value | MetaReturn.Cas | MetaReturn.Ttl };
    private static readonly MetaGet _look = new();

    private readonly MemcachedServer _server = memcached.Server;

    [Fact]
    public async Task OneCallerWinsTheLeaseOfAnAbsentKeyAndTheOthersAreTold()
    {
        var key = memcached.NewKey();

        var callers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _server.GetAsync(key, _lease).AsTask()));

        var winner = Assert.Single(callers, reply => reply.Won);
        Assert.False(winner.AlreadyWon);
        Assert.Equal(49, callers.Count(reply => reply.AlreadyWon));
        Assert.All(callers, reply => Assert.Equal(MetaStatus.Hit, reply.Status));
        Assert.All(callers, reply => Assert.Empty(reply.Value!));
        Assert.All(callers, reply => Assert.Equal(winner.Cas, reply.Cas));
    }

    [Fact]
    public async Task ALeaseIsFilledByItsCas()
    {
        var key = memcached.NewKey();
        var won = await _server.GetAsync(key, _lease);

        var filled = await _server.SetAsync(key, "value"u8, new MetaSet { Cas = won.Cas, TtlSeconds = 100, ReturnCas = true });

        Assert.Equal(MetaStatus.Hit, filled.Status);
        var read = await _server.GetAsync(key, _lease);
        Assert.Equal("value", read.Text());
        Assert.Equal(filled.Cas, read.Cas);
        Assert.InRange(read.Ttl, 1, 100);
        Assert.False(read.Won || read.AlreadyWon || read.Stale);
    }

    [Fact]
    public async Task AnOvertakenLeaseCannotFill()
    {
        var key = memcached.NewKey();
        var won = await _server.GetAsync(key, _lease);
        await _server.SetAsync(key, "newer"u8, new MetaSet());

        Assert.Equal(MetaStatus.Exists, (await _server.SetAsync(key, "older"u8, new MetaSet { Cas = won.Cas })).Status);
        Assert.Equal("newer", (await _server.GetAsync(key, _look)).Text());
    }

    [Fact]
    public async Task ALeaseWhoseItemIsGoneCannotFill()
    {
        var key = memcached.NewKey();
        var won = await _server.GetAsync(key, _lease);
        Assert.Equal(MetaStatus.Hit, (await _server.DeleteAsync(key)).Status);

        Assert.Equal(MetaStatus.NotFound, (await _server.SetAsync(key, "late"u8, new MetaSet { Cas = won.Cas })).Status);
        Assert.Equal(MetaStatus.Miss, (await _server.GetAsync(key, _look)).Status);
    }

    [Fact]
    public async Task AMarkedValueStaysAndOneReaderWinsTheRefill()
    {
        var key = await StoredAsync("old"u8.ToArray());
        var before = await _server.GetAsync(key, _look);

        Assert.Equal(MetaStatus.Hit, (await _server.DeleteAsync(key, MetaDelete.Mark(30))).Status);

        var first = await _server.GetAsync(key, _lease);
        var second = await _server.GetAsync(key, _lease);
        Assert.True(first is { Stale: true, Won: true, AlreadyWon: false });
        Assert.True(second is { Stale: true, Won: false, AlreadyWon: true });
        Assert.Equal("old", first.Text());
        Assert.Equal("old", second.Text());
        Assert.NotEqual(before.Cas, first.Cas);
    }

    [Fact]
    public async Task ALeaseFromBeforeAMarkCannotFillOverIt()
    {
        var key = memcached.NewKey();
        var won = await _server.GetAsync(key, _lease);
        await _server.DeleteAsync(key, MetaDelete.Mark(30));

        Assert.Equal(MetaStatus.Exists, (await _server.SetAsync(key, "old"u8, new MetaSet { Cas = won.Cas })).Status);
        Assert.True((await _server.GetAsync(key, _lease)).Won);
    }

    [Fact]
    public async Task ThePreviousWinnerCannotFillOverASecondMark()
    {
        var key = await StoredAsync("old"u8.ToArray());
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var won = await _server.GetAsync(key, _lease);
        await _server.DeleteAsync(key, MetaDelete.Mark(30));

        Assert.Equal(MetaStatus.Exists, (await _server.SetAsync(key, "between"u8, new MetaSet { Cas = won.Cas })).Status);
        Assert.True((await _server.GetAsync(key, _lease)) is { Won: true, Stale: true });
    }

    [Fact]
    public async Task AMarkOfAnAbsentKeyLeavesNothing()
    {
        var key = memcached.NewKey();

        Assert.Equal(MetaStatus.NotFound, (await _server.DeleteAsync(key, MetaDelete.Mark(30))).Status);
        Assert.Equal(MetaStatus.Miss, (await _server.GetAsync(key, _look)).Status);
    }

    [Fact]
    public async Task AMarkSetsTheTimeToLiveOnlyIfItNamesOne()
    {
        var key = await StoredAsync("value"u8.ToArray());

        await _server.DeleteAsync(key, MetaDelete.Mark());
        Assert.Equal(-1, (await _server.GetAsync(key, new MetaGet { Return = MetaReturn.Ttl })).Ttl);

        await _server.DeleteAsync(key, MetaDelete.Mark(50));
        Assert.InRange((await _server.GetAsync(key, new MetaGet { Return = MetaReturn.Ttl })).Ttl, 1, 50);
    }

    [Fact]
    public async Task AnOlderCasThatKeepsAsStaleStoresAndStaysMarked()
    {
        var key = await StoredAsync("first"u8.ToArray());
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var won = await _server.GetAsync(key, _lease);
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var marked = await _server.DebugAsync(key);

        var kept = await _server.SetAsync(
            key, "second"u8, new MetaSet { Cas = won.Cas, KeepAsStale = true, TtlSeconds = 1000, ReturnCas = true });

        Assert.Equal(MetaStatus.Hit, kept.Status);
        Assert.True(kept.Cas > marked!.Cas);
        Assert.InRange((await _server.DebugAsync(key))!.ExpiresInSeconds, 1, 30);
    }

    [Fact]
    public async Task AfterKeepingAsStaleTheRightToWinIsTakenUntilTheNextMark()
    {
        var key = await StoredAsync("first"u8.ToArray());
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var won = await _server.GetAsync(key, _lease);
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        Assert.True((await _server.GetAsync(key, _lease)).Won);

        await _server.SetAsync(key, "second"u8, new MetaSet { Cas = won.Cas, KeepAsStale = true });
        var taken = await _server.GetAsync(key, _lease);
        Assert.True(taken is { Stale: true, AlreadyWon: true, Won: false });
        Assert.Equal("second", taken.Text());

        await _server.DeleteAsync(key, MetaDelete.Mark());
        Assert.True((await _server.GetAsync(key, _lease)) is { Stale: true, Won: true });
    }

    [Fact]
    public async Task TheSameCasThatKeepsAsStaleIsAPlainGoodFill()
    {
        var key = await StoredAsync("old"u8.ToArray());
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var won = await _server.GetAsync(key, _lease);

        Assert.True((await _server.SetAsync(key, "new"u8, new MetaSet { Cas = won.Cas, KeepAsStale = true })).IsHit);

        var read = await _server.GetAsync(key, _lease);
        Assert.Equal("new", read.Text());
        Assert.False(read.Stale || read.Won || read.AlreadyWon);
    }

    [Fact]
    public async Task ACasFromTheFutureIsRefusedEvenIfKeptAsStale()
    {
        var key = await StoredAsync("value"u8.ToArray());
        var now = await _server.GetAsync(key, _look);

        var set = new MetaSet { Cas = now.Cas + 1_000_000, KeepAsStale = true };
        Assert.Equal(MetaStatus.Exists, (await _server.SetAsync(key, "other"u8, set)).Status);
    }

    [Fact]
    public async Task AFailedWinnerGivesTheLeaseBackByDeletingItsStub()
    {
        var key = memcached.NewKey();
        var won = await _server.GetAsync(key, _lease);

        Assert.Equal(MetaStatus.Exists, (await _server.DeleteAsync(key, new MetaDelete { Cas = won.Cas + 1 })).Status);
        Assert.Equal(MetaStatus.Hit, (await _server.DeleteAsync(key, new MetaDelete { Cas = won.Cas })).Status);
        Assert.True((await _server.GetAsync(key, _lease)).Won);
    }

    [Fact]
    public async Task AFailedWinnerOfAMarkedValueGivesTheRightBackByMarkingIt()
    {
        var key = await StoredAsync("old"u8.ToArray());
        await _server.DeleteAsync(key, MetaDelete.Mark(30));
        var won = await _server.GetAsync(key, _lease);

        Assert.Equal(MetaStatus.Exists, (await _server.DeleteAsync(key, MetaDelete.Mark() with { Cas = won.Cas + 1 })).Status);
        Assert.Equal(MetaStatus.Hit, (await _server.DeleteAsync(key, MetaDelete.Mark() with { Cas = won.Cas })).Status);
        Assert.True((await _server.GetAsync(key, _lease)) is { Won: true, Stale: true });
    }

    [Fact]
    public async Task AnEarlyRefreshIsWonByOneReaderWhileTheValueIsGood()
    {
        var key = memcached.NewKey();
        await _server.SetAsync(key, "value"u8, new MetaSet { TtlSeconds = 10 });
        var early = MetaGet.Lease(30) with { RefreshBelowSeconds = 20 };

        var first = await _server.GetAsync(key, early);
        var second = await _server.GetAsync(key, early);

        Assert.True(first is { Won: true, Stale: false });
        Assert.True(second is { Won: false, AlreadyWon: true, Stale: false });
        Assert.Equal("value", first.Text());
    }

    [Fact]
    public async Task LookingAtALeaseTakesNone()
    {
        var key = memcached.NewKey();
        Assert.Null(await _server.DebugAsync(key));
        await StoredAsync("value"u8.ToArray(), key);
        await _server.DeleteAsync(key, MetaDelete.Mark(30));

        var look = await _server.DebugAsync(key);

        Assert.NotNull(look);
        Assert.InRange(look.ExpiresInSeconds, 1, 30);
        Assert.True(look.SizeBytes > 0 && look.SlabClass > 0 && look.Cas > 0);
        Assert.True((await _server.GetAsync(key, _lease)).Won);
    }

    [Fact]
    public async Task ALookWithoutAValueSaysWhetherTheItemIsThere()
    {
        var key = memcached.NewKey();
        var there = new MetaGet { Return = MetaReturn.None };
        Assert.Equal(MetaStatus.Miss, (await _server.GetAsync(key, there)).Status);

        await StoredAsync("value"u8.ToArray(), key);
        var reply = await _server.GetAsync(key, there);
        Assert.Equal(MetaStatus.Hit, reply.Status);
        Assert.Null(reply.Value);
    }

    [Fact]
    public async Task EveryFieldThatWasAskedForComesBack()
    {
        var key = memcached.NewKey();
        await _server.SetAsync(key, "value"u8, new MetaSet { TtlSeconds = 100, ClientFlags = uint.MaxValue });
        var all = new MetaGet
        {
            Return = MetaReturn.Value | MetaReturn.Cas | MetaReturn.Ttl | MetaReturn.Size | MetaReturn.ClientFlags | MetaReturn.HitBefore
                | MetaReturn.LastAccess | MetaReturn.Key,
        };

        var first = await _server.GetAsync(key, all);
        var second = await _server.GetAsync(key, all with { TouchSeconds = 0 });

        Assert.Equal("value", first.Text());
        Assert.Equal(5, first.Size);
        Assert.Equal(uint.MaxValue, first.ClientFlags);
        Assert.InRange(first.Ttl, 1, 100);
        Assert.Equal(key, first.Key);
        Assert.False(first.HitBefore);
        Assert.True(second.HitBefore);
        Assert.InRange(second.LastAccess, 0, 60);
        Assert.Equal(-1, (await _server.GetAsync(key, all)).Ttl);
    }

    private async Task<byte[]> StoredAsync(byte[] value, byte[]? key = null)
    {
        key ??= memcached.NewKey();
        Assert.True((await _server.SetAsync(key, value, new MetaSet())).IsHit);
        return key;
    }
}
