using System.Text;

namespace InstaGrpc.Memcached.Tests;

public sealed class PipelineTests(RunningMemcached memcached) : IClassFixture<RunningMemcached>
{
    private readonly MemcachedServer _server = memcached.Server;

    [Fact]
    public async Task EveryReplyFindsItsCommandWhetherQuietOrNot()
    {
        byte[] there = memcached.NewKey(), absent = memcached.NewKey(), made = memcached.NewKey();
        await _server.SetAsync(there, "value"u8, new MetaSet());
        var pipeline = new MetaPipeline();

        var quietMiss = pipeline.Get(absent, new MetaGet(), quiet: true);
        var loudMiss = pipeline.Get(absent, new MetaGet());
        var quietHit = pipeline.Get(there, new MetaGet(), quiet: true);
        var quietDelete = pipeline.Delete(absent, quiet: true);
        var quietAppend = pipeline.Set(absent, "x"u8, new MetaSet { Mode = MetaSetMode.Append }, quiet: true);
        var quietOvertaken = pipeline.Set(there, "x"u8, new MetaSet { Cas = ulong.MaxValue }, quiet: true);
        var quietLate = pipeline.Set(absent, "x"u8, new MetaSet { Cas = 1 }, quiet: true);
        var quietSet = pipeline.Set(made, "new"u8, new MetaSet(), quiet: true);
        var loudSet = pipeline.Set(made, "newer"u8, new MetaSet { ReturnCas = true });
        var quietMark = pipeline.Delete(there, MetaDelete.Mark(30), quiet: true);
        var won = pipeline.Get(there, MetaGet.Lease(30));
        await _server.RunAsync(pipeline);

        Assert.Equal(11, pipeline.Replies.Length);
        Assert.Equal(MetaStatus.Miss, pipeline[quietMiss].Status);
        Assert.Equal(MetaStatus.Miss, pipeline[loudMiss].Status);
        Assert.Equal("value", pipeline[quietHit].Text());
        Assert.Equal(MetaStatus.NotFound, pipeline[quietDelete].Status);
        Assert.Equal(MetaStatus.NotStored, pipeline[quietAppend].Status);
        Assert.Equal(MetaStatus.Exists, pipeline[quietOvertaken].Status);
        Assert.Equal(MetaStatus.NotFound, pipeline[quietLate].Status);
        Assert.Equal(MetaStatus.Hit, pipeline[quietSet].Status);
        Assert.Equal(MetaStatus.Hit, pipeline[loudSet].Status);
        Assert.NotEqual(0ul, pipeline[loudSet].Cas);
        Assert.Equal(MetaStatus.Hit, pipeline[quietMark].Status);
        Assert.True(pipeline[won] is { Won: true, Stale: true });
        Assert.Equal("newer", (await _server.GetAsync(made, new MetaGet())).Text());
    }

    [Fact]
    public async Task AChainOfWritesNamesTheCasThatTheLastOneReturned()
    {
        await using var connection = await _server.ConnectExclusiveAsync();
        var watermark = memcached.NewKey();
        var cas = (await connection.SetAsync(watermark, "0"u8, new MetaSet { Mode = MetaSetMode.Add, ReturnCas = true })).Cas;
        var pipeline = new MetaPipeline();
        for (var round = 1; round <= 20; round++)
        {
            pipeline.Clear();
            var begin = pipeline.Set(watermark, Encoding.ASCII.GetBytes($"{round}"), new MetaSet { Cas = cas, ReturnCas = true });
            for (var key = 0; key < 100; key++)
            {
                pipeline.Delete(memcached.NewKey(), MetaDelete.Mark(5), quiet: true);
            }

            await connection.RunAsync(pipeline);
            Assert.Equal(MetaStatus.Hit, pipeline[begin].Status);
            Assert.Equal(100, pipeline.Replies.ToArray().Count(reply => reply.Status == MetaStatus.NotFound));
            Assert.True(pipeline[begin].Cas > cas);
            cas = pipeline[begin].Cas;
        }

        pipeline.Clear();
        pipeline.Set(watermark, "zombie"u8, new MetaSet { Cas = cas - 1, ReturnCas = true });
        await connection.RunAsync(pipeline);
        Assert.Equal(MetaStatus.Exists, pipeline[0].Status);
        Assert.Equal("20", (await connection.GetAsync(watermark, new MetaGet())).Text());
    }

    [Fact]
    public async Task AnErrorLineThatCanBelongToSeveralQuietCommandsLeavesNoneOfThemDone()
    {
        var tooLarge = new byte[MemcachedLimits.ValueBytes];
        byte[] absent = memcached.NewKey(), there = memcached.NewKey();
        var pipeline = new MetaPipeline();
        var before = pipeline.Delete(absent, quiet: true);
        var silent = pipeline.Set(there, "v"u8, new MetaSet(), quiet: true);
        var refused = pipeline.Set(memcached.NewKey(), tooLarge, new MetaSet(), quiet: true);
        var answered = pipeline.Get(absent, new MetaGet());
        var after = pipeline.Set(there, "w"u8, new MetaSet(), quiet: true);
        await _server.RunAsync(pipeline);

        Assert.Equal(MetaStatus.NotFound, pipeline[before].Status);
        Assert.Equal(MetaStatus.ServerError, pipeline[silent].Status);
        Assert.Equal(MetaStatus.ServerError, pipeline[refused].Status);
        Assert.Equal(MetaStatus.Miss, pipeline[answered].Status);
        Assert.Equal(MetaStatus.Hit, pipeline[after].Status);
    }

    [Fact]
    public async Task AnErrorLineOfALoudCommandIsItsOwn()
    {
        byte[] there = memcached.NewKey();
        var pipeline = new MetaPipeline();
        var silent = pipeline.Set(there, "v"u8, new MetaSet(), quiet: true);
        var refused = pipeline.Set(memcached.NewKey(), new byte[MemcachedLimits.ValueBytes], new MetaSet());
        var alsoSilent = pipeline.Set(there, "w"u8, new MetaSet(), quiet: true);
        await _server.RunAsync(pipeline);

        Assert.Equal(MetaStatus.Hit, pipeline[silent].Status);
        Assert.Equal(MetaStatus.ServerError, pipeline[refused].Status);
        Assert.Equal(MetaStatus.Hit, pipeline[alsoSilent].Status);
    }

    [Fact]
    public async Task TensOfThousandsOfCommandsWithLargeRepliesDoNotBlockEachOther()
    {
        await using var connection = await _server.ConnectExclusiveAsync();
        var key = memcached.NewKey();
        var value = new byte[2000];
        Random.Shared.NextBytes(value);
        var pipeline = new MetaPipeline();
        pipeline.Set(key, value, new MetaSet());
        for (var i = 0; i < 50_000; i++)
        {
            // Far more than both sockets' buffers in both directions: whoever writes first and reads later never ends.
            pipeline.Get(key, new MetaGet());
        }

        await connection.RunAsync(pipeline);

        Assert.Equal(50_001, pipeline.Replies.Length);
        foreach (var reply in pipeline.Replies[1..])
        {
            Assert.True(reply.Value.AsSpan().SequenceEqual(value));
        }
    }

    [Fact]
    public async Task APipelineIsUsedAgain()
    {
        var key = memcached.NewKey();
        var pipeline = new MetaPipeline();
        await _server.RunAsync(pipeline);
        Assert.True(pipeline.Replies.IsEmpty);

        pipeline.Set(key, "v"u8, new MetaSet { Mode = MetaSetMode.Add });
        await _server.RunAsync(pipeline);
        Assert.Equal(MetaStatus.Hit, pipeline[0].Status);
        await _server.RunAsync(pipeline);
        Assert.Equal(MetaStatus.NotStored, pipeline[0].Status);

        pipeline.Clear();
        Assert.Equal(0, pipeline.Count);
        Assert.True(pipeline.Replies.IsEmpty);
        pipeline.Get(key, new MetaGet(), quiet: true);
        await _server.RunAsync(pipeline);
        Assert.Equal("v", pipeline[0].Text());
    }

    [Fact]
    public async Task ManyCallersShareTheConnectionsAndEachGetsItsOwnReplies()
    {
        var callers = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            byte[][] keys = [.. Enumerable.Range(0, 20).Select(_ => memcached.NewKey())];
            var replies = new MetaReply[keys.Length];
            var pipeline = new MetaPipeline();
            for (var round = 0; round < 20; round++)
            {
                foreach (var key in keys)
                {
                    var value = Encoding.ASCII.GetBytes($"{Encoding.ASCII.GetString(key)} in round {round}");
                    Assert.True((await _server.SetAsync(key, value, new MetaSet())).IsHit);
                    Assert.Equal(value, (await _server.GetAsync(key, new MetaGet())).Value);
                }

                await _server.GetManyAsync([.. keys.Select(key => new ReadOnlyMemory<byte>(key))], replies, new MetaGet());
                for (var i = 0; i < keys.Length; i++)
                {
                    Assert.Equal($"{Encoding.ASCII.GetString(keys[i])} in round {round}", replies[i].Text());
                }

                pipeline.Clear();
                foreach (var key in keys)
                {
                    pipeline.Delete(key, quiet: true);
                    pipeline.Get(key, new MetaGet(), quiet: true);
                }

                await _server.RunAsync(pipeline);
                for (var i = 0; i < keys.Length; i++)
                {
                    Assert.Equal(MetaStatus.Hit, pipeline[i * 2].Status);
                    Assert.Equal(MetaStatus.Miss, pipeline[i * 2 + 1].Status);
                }
            }
        }));

        await Task.WhenAll(callers);
    }

    [Fact]
    public async Task AMultiGetTellsHitsFromMissesInOneRoundTrip()
    {
        byte[][] keys = [.. Enumerable.Range(0, 1000).Select(_ => memcached.NewKey())];
        for (var i = 0; i < keys.Length; i += 3)
        {
            await _server.SetAsync(keys[i], keys[i], new MetaSet());
        }

        var replies = new MetaReply[keys.Length + 1];
        await _server.GetManyAsync([.. keys.Select(key => new ReadOnlyMemory<byte>(key))], replies, new MetaGet());

        for (var i = 0; i < keys.Length; i++)
        {
            Assert.Equal(i % 3 == 0 ? MetaStatus.Hit : MetaStatus.Miss, replies[i].Status);
            Assert.Equal(i % 3 == 0 ? keys[i] : null, replies[i].Value);
            Assert.Equal(i % 3 == 0, replies[i].Cas != 0);
        }

        Assert.Equal(MetaStatus.None, replies[^1].Status);
    }

    [Fact]
    public async Task AMultiGetTakesALeaseOfEachAbsentKey()
    {
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, 100).Select(_ => new ReadOnlyMemory<byte>(memcached.NewKey()))];
        MetaReply[] first = new MetaReply[100], second = new MetaReply[100];

        await _server.GetManyAsync(keys, first, MetaGet.Lease(30));
        await _server.GetManyAsync(keys, second, MetaGet.Lease(30));

        Assert.All(first, reply => Assert.True(reply.Won));
        Assert.All(second, reply => Assert.True(reply.AlreadyWon));
    }
}
