namespace InstaGrpc.Memcached.Tests;

/// <summary>Modes, sizes and limits of writes.</summary>
public sealed class WriteTests(RunningMemcached memcached) : IClassFixture<RunningMemcached>
{
    private readonly MemcachedServer _server = memcached.Server;

    [Fact]
    public async Task AnAddStoresOnlyWhereNothingIs()
    {
        var key = memcached.NewKey();
        var add = new MetaSet { Mode = MetaSetMode.Add, ReturnCas = true };

        var first = await _server.SetAsync(key, "a"u8, add);
        Assert.Equal(MetaStatus.Hit, first.Status);
        Assert.NotEqual(0ul, first.Cas);
        Assert.Equal(MetaStatus.NotStored, (await _server.SetAsync(key, "b"u8, add)).Status);
    }

    [Fact]
    public async Task AReplaceStoresOnlyWhereSomethingIs()
    {
        var key = memcached.NewKey();
        var replace = new MetaSet { Mode = MetaSetMode.Replace };

        Assert.Equal(MetaStatus.NotStored, (await _server.SetAsync(key, "a"u8, replace)).Status);
        await _server.SetAsync(key, "a"u8, new MetaSet());
        Assert.Equal(MetaStatus.Hit, (await _server.SetAsync(key, "b"u8, replace)).Status);
        Assert.Equal("b", (await _server.GetAsync(key, new MetaGet())).Text());
    }

    [Fact]
    public async Task AppendAndPrependGrowAnItemAndMakeNone()
    {
        var key = memcached.NewKey();
        var append = new MetaSet { Mode = MetaSetMode.Append };
        Assert.Equal(MetaStatus.NotStored, (await _server.SetAsync(key, "x"u8, append)).Status);

        await _server.SetAsync(key, "b"u8, new MetaSet());
        await _server.SetAsync(key, "c"u8, append);
        await _server.SetAsync(key, "a"u8, new MetaSet { Mode = MetaSetMode.Prepend });

        Assert.Equal("abc", (await _server.GetAsync(key, new MetaGet())).Text());
    }

    [Fact]
    public async Task AnAppendPastTheItemSizeIsNotStoredAndTheOldItemStays()
    {
        var key = memcached.NewKey();
        var half = new byte[600_000];
        Random.Shared.NextBytes(half);
        Assert.True((await _server.SetAsync(key, half, new MetaSet())).IsHit);

        Assert.Equal(MetaStatus.NotStored, (await _server.SetAsync(key, half, new MetaSet { Mode = MetaSetMode.Append })).Status);
        Assert.Equal(half, (await _server.GetAsync(key, new MetaGet())).Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(16 * 1024 + 1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(300_000)]
    [InlineData(1_000_000)]
    public async Task AValueOfAnySizeComesBackAsItWas(int size)
    {
        var key = memcached.NewKey();
        var value = new byte[size];
        Random.Shared.NextBytes(value);

        Assert.True((await _server.SetAsync(key, value, new MetaSet())).IsHit);
        Assert.Equal(value, (await _server.GetAsync(key, new MetaGet())).Value);
    }

    [Fact]
    public async Task TheServerRefusesAValueOfAMebibyteAndTheConnectionStaysGood()
    {
        var key = memcached.NewKey();
        var epoch = _server.ConnectionEpoch;

        var reply = await _server.SetAsync(key, new byte[MemcachedLimits.ValueBytes], new MetaSet());

        Assert.Equal(MetaStatus.ServerError, reply.Status);
        Assert.Equal("SERVER_ERROR object too large for cache", reply.Error);
        Assert.Equal(MetaStatus.Miss, (await _server.GetAsync(key, new MetaGet())).Status);
        Assert.True(epoch == 0 || epoch == _server.ConnectionEpoch);
    }

    [Fact]
    public async Task ALargerValueIsRefusedHere() =>
        await Assert.ThrowsAsync<ArgumentException>(
            () => _server.SetAsync(memcached.NewKey(), new byte[MemcachedLimits.ValueBytes + 1], new MetaSet()).AsTask());

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("with\r\nline")]
    [InlineData("with\0zero")]
    [InlineData("with\u007fdel")]
    public async Task AKeyThatWouldBreakTheProtocolIsRefusedHere(string key)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(key);
        await Assert.ThrowsAsync<ArgumentException>(() => _server.GetAsync(bytes, new MetaGet()).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => _server.SetAsync(bytes, "v"u8, new MetaSet()).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => _server.DeleteAsync(bytes).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => _server.DebugAsync(bytes).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => _server.GetManyAsync([bytes], new MetaReply[1], new MetaGet()).AsTask());
        Assert.Throws<ArgumentException>(() => new MetaPipeline().Delete(bytes));
    }

    [Fact]
    public async Task AKeyHasAtMost250Bytes()
    {
        var longest = Enumerable.Repeat((byte)'k', MemcachedLimits.KeyBytes).ToArray();
        Assert.True((await _server.SetAsync(longest, "v"u8, new MetaSet())).IsHit);
        Assert.Equal("v", (await _server.GetAsync(longest, new MetaGet())).Text());

        await Assert.ThrowsAsync<ArgumentException>(() => _server.GetAsync([.. longest, (byte)'k'], new MetaGet()).AsTask());
    }

    [Fact]
    public async Task StatisticsAndVersionAreReadable()
    {
        var stats = await _server.StatsAsync();
        Assert.Equal(_server.ServerVersion, stats["version"]);
        Assert.Equal("0", (await _server.StatsAsync("settings"))["udpport"]);
        await Assert.ThrowsAsync<ArgumentException>(() => _server.StatsAsync("x\r\nflush_all").AsTask());
    }
}
