using InstaGrpc.Embedded;

namespace InstaGrpc.Memcached.Tests;

public sealed class ConnectionTests
{
    private static readonly MetaGet _get = new();

    [Fact]
    public async Task AServerThatWasKilledIsFoundAgainUnderAnotherEpoch()
    {
        var port = LoopbackPort.Free();
        var process = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        var server = pool.Servers[0];
        Assert.Equal(MemcachedServerState.Idle, server.State);
        await server.SetAsync("key"u8, "value"u8, new MetaSet());
        Assert.Equal(MemcachedServerState.Up, server.State);
        var epoch = server.ConnectionEpoch;

        await process.CrashAsync();
        await Eventually.TrueAsync(() => server.State == MemcachedServerState.Down);
        Assert.False(server.IsAvailable);
        Assert.NotNull(server.LastFault);
        Assert.True(server.ConnectionEpoch > epoch);
        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => server.GetAsync("key"u8, _get).AsTask());
        epoch = server.ConnectionEpoch;

        await using var again = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await Eventually.TrueAsync(() => server.State == MemcachedServerState.Up);
        Assert.True(server.ConnectionEpoch > epoch);
        Assert.Equal(MetaStatus.Miss, (await server.GetAsync("key"u8, _get)).Status);
    }

    [Fact]
    public async Task CommandsWithoutAReplyFailWhenTheConnectionBreaks()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await pool.Servers[0].ConnectAsync();
        await process.FreezeAsync();
        var waiting = Enumerable.Range(0, 10).Select(_ => pool.Servers[0].GetAsync("key"u8, _get).AsTask()).ToArray();
        var pipeline = new MetaPipeline();
        pipeline.Delete("key"u8, quiet: true);
        var running = pool.Servers[0].RunAsync(pipeline).AsTask();

        await process.CrashAsync();

        foreach (var command in waiting)
        {
            await Assert.ThrowsAsync<MemcachedUnavailableException>(() => command);
        }

        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => running);
        Assert.True(pipeline.Replies.IsEmpty);
    }

    [Fact]
    public async Task AnExclusiveConnectionShowsThatItIsBrokenAndStaysSo()
    {
        var port = LoopbackPort.Free();
        var process = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        Assert.True((await connection.SetAsync("key"u8, "value"u8, new MetaSet())).IsHit);
        Assert.False(connection.IsBroken);
        Assert.False(connection.Closed.IsCancellationRequested);
        Assert.Equal(MemcachedServerState.Idle, pool.Servers[0].State);

        await process.CrashAsync();
        await using var again = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await Eventually.TrueAsync(() => connection.Closed.IsCancellationRequested);
        Assert.True(connection.IsBroken);
        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => connection.GetAsync("key"u8, _get).AsTask());
        await using var next = await pool.Servers[0].ConnectExclusiveAsync();
        Assert.Equal(MetaStatus.Miss, (await next.GetAsync("key"u8, _get)).Status);
    }

    [Fact]
    public async Task ALateReplyIsNotTakenForItsSuccessors()
    {
        var time = new ManualTime();
        await using var process = await EmbeddedMemcached.StartAsync();
        var options = RunningMemcached.OptionsFor(process.Address);
        options.OperationTimeout = TimeSpan.FromSeconds(1);
        options.PipelineTimeout = TimeSpan.FromSeconds(1);
        await using var pool = new MemcachedPool(options, time: time);
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        foreach (var key in new[] { "a", "b", "c" })
        {
            await connection.SetAsync([(byte)key[0]], [(byte)key[0]], new MetaSet());
        }

        await process.FreezeAsync();
        var single = connection.GetAsync("a"u8, _get).AsTask();
        var replies = new MetaReply[2];
        var many = connection.GetManyAsync(["a"u8.ToArray(), "b"u8.ToArray()], replies, _get).AsTask();
        var pipeline = new MetaPipeline();
        pipeline.Get("a"u8, _get);
        var run = connection.RunAsync(pipeline).AsTask();
        time.Advance(TimeSpan.FromSeconds(0.99));
        Assert.False(single.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.26));
        await Assert.ThrowsAsync<MemcachedTimeoutException>(() => single);
        await Assert.ThrowsAsync<MemcachedTimeoutException>(() => many);
        await Assert.ThrowsAsync<MemcachedTimeoutException>(() => run);

        // The late replies meet a pipeline and an array that their owners use again.
        pipeline.Clear();
        pipeline.Get("b"u8, _get);
        var next = connection.GetAsync("c"u8, _get).AsTask();
        var nextRun = connection.RunAsync(pipeline).AsTask();
        process.Thaw();

        Assert.Equal("c", (await next).Text());
        await nextRun;
        Assert.Equal("b", pipeline[0].Text());
        Assert.All(replies, reply => Assert.Equal(MetaStatus.None, reply.Status));
        Assert.False(connection.IsBroken);
    }

    [Fact]
    public async Task AServerThatStaysSilentIsTakenForHungAndConnectedAnew()
    {
        var time = new ManualTime();
        await using var process = await EmbeddedMemcached.StartAsync();
        var options = RunningMemcached.OptionsFor(process.Address);
        options.OperationTimeout = TimeSpan.FromSeconds(1);
        options.ConnectionsPerServer = 1;
        await using var pool = new MemcachedPool(options, time: time);
        await pool.Servers[0].ConnectAsync();
        var epoch = pool.Servers[0].ConnectionEpoch;
        await process.FreezeAsync();
        var command = pool.Servers[0].GetAsync("key"u8, _get).AsTask();

        time.Advance(TimeSpan.FromSeconds(3));

        await Assert.ThrowsAsync<MemcachedTimeoutException>(() => command);
        await Eventually.TrueAsync(() => pool.Servers[0].State == MemcachedServerState.Down);
        process.Thaw();
        await Eventually.TrueAsync(
            () => pool.Servers[0].State == MemcachedServerState.Up, () => time.Advance(TimeSpan.FromMilliseconds(10)));
        Assert.True(pool.Servers[0].ConnectionEpoch >= epoch + 2);
        Assert.Equal(MetaStatus.Miss, (await pool.Servers[0].GetAsync("key"u8, _get)).Status);
    }

    [Fact]
    public async Task ACallerWhoGivesUpDoesNotDisturbTheOthers()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        await connection.SetAsync("a"u8, "a"u8, new MetaSet());
        await connection.SetAsync("b"u8, "b"u8, new MetaSet());
        using var cancel = new CancellationTokenSource();

        await process.FreezeAsync();
        var single = connection.GetAsync("a"u8, _get, cancel.Token).AsTask();
        var many = connection.GetManyAsync(["a"u8.ToArray()], new MetaReply[1], _get, cancel.Token).AsTask();
        var other = connection.GetAsync("b"u8, _get).AsTask();
        await cancel.CancelAsync();
        var gaveUp = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => single);
        Assert.Equal(cancel.Token, gaveUp.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => many);
        process.Thaw();

        Assert.Equal("b", (await other).Text());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.GetAsync("a"u8, _get, cancel.Token).AsTask());
        Assert.Equal("a", (await connection.GetAsync("a"u8, _get)).Text());
    }

    [Fact]
    public async Task CancellationsInARaceWithRepliesNeverMixThemUp()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        var server = pool.Servers[0];
        var done = 0;
        var callers = Enumerable.Range(0, 32).Select(caller => Task.Run(async () =>
        {
            var key = new[] { (byte)('A' + caller) };
            await server.SetAsync(key, key, new MetaSet());
            for (var i = 0; i < 500; i++)
            {
                using var cancel = new CancellationTokenSource();
                var get = server.GetAsync(key, _get, cancel.Token).AsTask();
                if ((i & 1) == 0)
                {
                    cancel.Cancel();
                }

                try
                {
                    Assert.Equal(key, (await get).Value);
                    Interlocked.Increment(ref done);
                }
                catch (OperationCanceledException)
                {
                    // As often as not.
                }
            }
        }));
        await Task.WhenAll(callers);
        Assert.True(done >= 32 * 250);
    }

    [Fact]
    public async Task AFullQueueRefusesAtOnce()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        var options = RunningMemcached.OptionsFor(process.Address);
        options.QueueDepth = 16;
        await using var pool = new MemcachedPool(options);
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        await process.FreezeAsync();
        var waiting = Enumerable.Range(0, 16).Select(_ => connection.GetAsync("key"u8, _get).AsTask()).ToArray();

        var refused = await Assert.ThrowsAsync<MemcachedUnavailableException>(() => connection.GetAsync("key"u8, _get).AsTask());

        Assert.Contains("QueueDepth", refused.Message);
        process.Thaw();
        await Task.WhenAll(waiting);
        Assert.Equal(MetaStatus.Miss, (await connection.GetAsync("key"u8, _get)).Status);
    }

    [Fact]
    public async Task TooManyBytesInTheQueueAreRefusedAtOnce()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        var options = RunningMemcached.OptionsFor(process.Address);
        options.QueueBytes = 1024 * 1024;
        await using var pool = new MemcachedPool(options);
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        await process.FreezeAsync();
        var value = new byte[500_000];
        var writes = new List<Task<MetaReply>>();
        var refused = await Assert.ThrowsAsync<MemcachedUnavailableException>(async () =>
        {
            // The sockets' own buffers take some of it.
            for (var i = 0; i < 1000; i++)
            {
                var write = connection.SetAsync("key"u8, value, new MetaSet());
                if (write.IsCompleted)
                {
                    await write;
                }

                writes.Add(write.AsTask());
            }
        });

        Assert.Contains("QueueBytes", refused.Message);
        process.Thaw();
        Assert.All(await Task.WhenAll(writes), reply => Assert.True(reply.IsHit));
    }

    [Fact]
    public async Task DisposingEndsTheCommandsThatWait()
    {
        await using var process = await EmbeddedMemcached.StartAsync();
        var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await pool.ConnectAsync();
        await process.FreezeAsync();
        var command = pool.Servers[0].GetAsync("key"u8, _get).AsTask();

        await pool.DisposeAsync();

        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => command);
        Assert.Equal(MemcachedServerState.Closed, pool.Servers[0].State);
        await Assert.ThrowsAnyAsync<Exception>(() => pool.Servers[0].GetAsync("key"u8, _get).AsTask());
    }

    [Fact]
    public async Task AServerThatIsNotThereIsUnavailableAndSaysWhere()
    {
        var address = $"127.0.0.1:{LoopbackPort.Free()}";
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(address));

        var fault = await Assert.ThrowsAsync<MemcachedUnavailableException>(() => pool.Servers[0].GetAsync("key"u8, _get).AsTask());

        Assert.Contains(address, fault.Message);
        Assert.Equal(MemcachedServerState.Down, pool.Servers[0].State);
        await pool.ConnectAsync();
        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => pool.Servers[0].ConnectExclusiveAsync().AsTask());
    }
}
