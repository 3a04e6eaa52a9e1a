namespace InstaGrpc.Memcached.Tests;

/// <summary>What listens there is no memcached, or not one of ours.</summary>
public sealed class ForeignServerTests
{
    private static readonly MetaGet _get = new();

    [Theory]
    [InlineData("ERROR\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("-ERR unknown command 'mn'\r\n")]
    [InlineData("CLIENT_ERROR unauthenticated\r\n")]
    public async Task AServerWithoutMetaCommandsIsOneClearLine(string answer)
    {
        await using var foreign = new ScriptedServer(_ => answer);
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));

        foreach (var attempt in (Func<Task>[])
            [() => pool.ConnectAsync().AsTask(),
            () => pool.Servers[0].GetAsync("key"u8, _get).AsTask(),
            () => pool.Servers[0].ConnectExclusiveAsync().AsTask()])
        {
            var fault = await Assert.ThrowsAsync<MetaCommandsUnsupportedException>(attempt);
            Assert.Contains(foreign.Address, fault.Message);
            Assert.Contains(answer.Split('\r')[0], fault.Message);
            Assert.Contains("1.6.18", fault.Message);
            Assert.DoesNotContain('\n', fault.Message);
        }
    }

    [Fact]
    public async Task AServerThatClosesEveryConnectionIsUnavailable()
    {
        await using var foreign = new ScriptedServer(_ => null);
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));

        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => pool.Servers[0].ConnectAsync().AsTask());
    }

    [Fact]
    public async Task AServerThatNeverAnswersIsUnavailableAfterTheConnectTimeout()
    {
        var time = new ManualTime();
        await using var foreign = new ScriptedServer(_ => "");
        var options = RunningMemcached.OptionsFor(foreign.Address);
        await using var pool = new MemcachedPool(options, time: time);

        var connecting = pool.Servers[0].ConnectExclusiveAsync().AsTask();
        await Eventually.TrueAsync(() => connecting.IsCompleted, () => time.Advance(TimeSpan.FromSeconds(1)));

        var fault = await Assert.ThrowsAsync<MemcachedUnavailableException>(() => connecting);
        Assert.Contains("30000 ms", fault.Message);
    }

    [Theory]
    [InlineData("HELLO\r\n")]
    [InlineData("HX\r\n")]
    [InlineData("VA\r\n")]
    [InlineData("VA -1\r\n")]
    [InlineData("VA x\r\n")]
    [InlineData("VA 99999999999\r\n")]
    [InlineData("VA 1048577\r\n")]
    [InlineData("VA 2\r\nabcd\r\n")]
    [InlineData("HD c\r\n")]
    [InlineData("HD c1x\r\n")]
    [InlineData("HD ?\r\n")]
    [InlineData("MN\r\n")]
    [InlineData("\r\n\r\n")]
    [InlineData("STAT pid 1\r\n")]
    public async Task AReplyThatIsNoneBreaksTheConnectionAndSaysWhatItWas(string answer)
    {
        await using var foreign = ScriptedServer.AfterHandshake(_ => answer);
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        var first = connection.GetAsync("key"u8, _get).AsTask();

        await Assert.ThrowsAsync<MemcachedProtocolException>(() => first);

        Assert.True(connection.IsBroken);
        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => connection.GetAsync("key"u8, _get).AsTask());
    }

    [Fact]
    public async Task ALineWithoutEndBreaksTheConnection()
    {
        await using var foreign = ScriptedServer.AfterHandshake(_ => new string('x', 10_000));
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        await Assert.ThrowsAsync<MemcachedProtocolException>(() => connection.GetAsync("key"u8, _get).AsTask());
    }

    [Fact]
    public async Task AReplyToNoCommandBreaksTheConnection()
    {
        await using var foreign = ScriptedServer.AfterHandshake(_ => "EN\r\nEN\r\n");
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        Assert.Equal(MetaStatus.Miss, (await connection.GetAsync("key"u8, _get)).Status);
        await Eventually.TrueAsync(() => connection.IsBroken);
    }

    [Theory]
    [InlineData("ERROR\r\n")]
    [InlineData("CLIENT_ERROR bad command line format\r\n")]
    public async Task ARefusedReadIsAnAnswerAndTheConnectionStays(string answer)
    {
        await using var foreign = ScriptedServer.AfterHandshake(_ => answer);
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        for (var i = 0; i < 3; i++)
        {
            var reply = await connection.GetAsync("key"u8, _get);
            Assert.Equal(MetaStatus.ClientError, reply.Status);
            Assert.Equal(answer.TrimEnd(), reply.Error);
        }
    }

    [Fact]
    public async Task AfterARefusedWriteTheConnectionIsNotTrusted()
    {
        await using var foreign = ScriptedServer.AfterHandshake(
            line => line.StartsWith("ms", StringComparison.Ordinal) ? "CLIENT_ERROR x\r\n" : "");
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(foreign.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        var refused = await connection.SetAsync("key"u8, "value"u8, new MetaSet());

        Assert.Equal(MetaStatus.ClientError, refused.Status);
        await Eventually.TrueAsync(() => connection.IsBroken);
    }

    [Fact]
    public async Task AServerThatBreaksEveryConnectionIsAskedLessAndLessOften()
    {
        var time = new ManualTime();
        await using var foreign = new ScriptedServer(_ => null);
        var options = RunningMemcached.OptionsFor(foreign.Address);
        options.ConnectionsPerServer = 1;
        await using var pool = new MemcachedPool(options, time: time);
        await Assert.ThrowsAsync<MemcachedUnavailableException>(() => pool.Servers[0].ConnectAsync().AsTask());

        // However fast the attempts fail, the clock alone lets the next one happen: none without it.
        for (var wait = 1; wait < 10; wait++)
        {
            var before = foreign.Connections;
            var longest = Math.Min(2000, 50 * Math.Pow(2, wait - 1));
            var began = time.GetTimestamp();
            await Eventually.TrueAsync(() => foreign.Connections > before, () => time.Advance(TimeSpan.FromMilliseconds(longest / 50)));
            var waited = time.GetElapsedTime(began).TotalMilliseconds;
            Assert.True(waited >= longest / 2 - 1, $"attempt {wait + 1} came after {waited} ms, earlier than {longest / 2} ms");
        }
    }
}
