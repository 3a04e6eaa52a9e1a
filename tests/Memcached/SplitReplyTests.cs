using InstaGrpc.TestFixtures;

namespace InstaGrpc.Memcached.Tests;

/// <summary>What TCP may do to replies: cut them anywhere.</summary>
public sealed class SplitReplyTests(RunningMemcached memcached) : IClassFixture<RunningMemcached>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(64)]
    public async Task RepliesCutAtAnyByteAreTheSameReplies(int bytes)
    {
        await using var proxy = new FaultProxy(memcached.Process.Address) { ReplyBytes = bytes };
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(proxy.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        // With what looks like replies inside the values, and lengths that shift every boundary.
        for (var length = 0; length < 40; length++)
        {
            byte[] key = memcached.NewKey(), absent = memcached.NewKey();
            var value = System.Text.Encoding.ASCII.GetBytes("\r\nHD\r\nEN\r\nVA 2 c1\r\nMN\r\nEND\r\nSERVER_ERROR x\r\n")[..length];
            var pipeline = new MetaPipeline();
            var set = pipeline.Set(key, value, new MetaSet { ReturnCas = true, TtlSeconds = 100 });
            var get = pipeline.Get(key, new MetaGet { Return = MetaReturn.Value | MetaReturn.Cas | MetaReturn.Ttl });
            var miss = pipeline.Get(absent, new MetaGet());
            var quietMiss = pipeline.Get(absent, new MetaGet(), quiet: true);
            var lease = pipeline.Get(absent, MetaGet.Lease(60));
            var lost = pipeline.Get(absent, MetaGet.Lease(60));
            var overtaken = pipeline.Set(key, "x"u8, new MetaSet { Cas = ulong.MaxValue }, quiet: true);
            var mark = pipeline.Delete(key, MetaDelete.Mark(30));
            var stale = pipeline.Get(key, MetaGet.Lease(30));
            await connection.RunAsync(pipeline);

            Assert.NotEqual(0ul, pipeline[set].Cas);
            Assert.Equal(value, pipeline[get].Value);
            Assert.Equal(pipeline[set].Cas, pipeline[get].Cas);
            Assert.Equal(100, pipeline[get].Ttl);
            Assert.Equal(MetaStatus.Miss, pipeline[miss].Status);
            Assert.Equal(MetaStatus.Miss, pipeline[quietMiss].Status);
            Assert.True(pipeline[lease] is { Won: true, Value.Length: 0 });
            Assert.True(pipeline[lost] is { AlreadyWon: true, Won: false, Value.Length: 0 });
            Assert.Equal(MetaStatus.Exists, pipeline[overtaken].Status);
            Assert.True(pipeline[mark].IsHit);
            Assert.True(pipeline[stale] is { Won: true, Stale: true });
            Assert.Equal(value, pipeline[stale].Value);
            Assert.Equal(value, (await connection.GetAsync(key, new MetaGet())).Value);
        }

        Assert.False(connection.IsBroken);
    }

    [Fact]
    public async Task AReplyThatStopsInItsMiddleFailsItsCallWhenItsTimeIsOverAndNoOtherTakesTheRest()
    {
        await using var proxy = new FaultProxy(memcached.Process.Address);
        var time = new ManualTime();
        var options = RunningMemcached.OptionsFor(proxy.Address);
        options.OperationTimeout = TimeSpan.FromSeconds(1);
        await using var pool = new MemcachedPool(options, time: time);
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        byte[] first = memcached.NewKey(), second = memcached.NewKey();
        await connection.SetAsync(first, "first"u8, new MetaSet());
        await connection.SetAsync(second, "second"u8, new MetaSet());

        var sent = proxy.HoldRepliesFrom("mg ");
        var late = connection.GetAsync(first, new MetaGet()).AsTask();
        await sent;
        time.Advance(TimeSpan.FromSeconds(1.25));
        await Assert.ThrowsAsync<MemcachedTimeoutException>(() => late);
        var next = connection.GetAsync(second, new MetaGet()).AsTask();
        proxy.ReleaseReplies();

        Assert.Equal("second", (await next).Text());
    }
}
