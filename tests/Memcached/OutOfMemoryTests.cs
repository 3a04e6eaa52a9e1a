using InstaGrpc.Embedded;

namespace InstaGrpc.Memcached.Tests;

/// <summary>Servers that are full: one that refuses (<c>-M</c>) and one that evicts.</summary>
public sealed class OutOfMemoryTests
{
    private static readonly MetaGet _get = new();

    [Fact]
    public async Task AServerThatMayNotEvictRefusesEachFormInItsWayAndTheConnectionStaysGood()
    {
        await using var process = await EmbeddedMemcached.StartAsync(
            new EmbeddedMemcachedOptions { MemoryMegabytes = 8, ExtraArguments = ["-M"] });
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();
        var value = new byte[10_000];
        Assert.True((await connection.SetAsync("grows"u8, value.AsMemory(0, 9_000).ToArray(), new MetaSet())).IsHit);
        var last = await FillAsync(connection, value, "f");

        // A set, an add and a lease are refused aloud; an append can't be told from one to nothing.
        Assert.Equal(MetaStatus.ServerError, last.Status);
        Assert.Contains("out of memory", last.Error);
        Assert.Equal(MetaStatus.ServerError, (await connection.SetAsync("new"u8, value, new MetaSet { Mode = MetaSetMode.Add })).Status);
        Assert.Equal(
            MetaStatus.NotStored,
            (await connection.SetAsync("grows"u8, value.AsMemory(0, 900).ToArray(), new MetaSet { Mode = MetaSetMode.Append })).Status);
        Assert.Equal(9_000, (await connection.GetAsync("grows"u8, _get)).Value!.Length);

        // A refused set leaves no older value behind that could be taken for the new one; and so there is room for one again.
        Assert.Equal(MetaStatus.ServerError, (await connection.SetAsync("f0"u8, value, new MetaSet())).Status);
        Assert.Equal(MetaStatus.Miss, (await connection.GetAsync("f0"u8, _get)).Status);
        await FillAsync(connection, value, "g");

        // In a pipeline the refusal is its own command's, and what takes room away or needs none is done.
        var pipeline = new MetaPipeline();
        pipeline.Set("refused"u8, value, new MetaSet());
        pipeline.Set("as-well"u8, value, new MetaSet());
        pipeline.Delete("f2"u8, quiet: true);
        pipeline.Delete("f3"u8, MetaDelete.Mark(), quiet: true);
        await connection.RunAsync(pipeline);
        Assert.False(connection.IsBroken);
        Assert.Equal(MetaStatus.Miss, (await connection.GetAsync("refused"u8, _get)).Status);
        Assert.Equal(MetaStatus.Hit, pipeline[2].Status);
        Assert.Equal(MetaStatus.Hit, pipeline[3].Status);
        Assert.True((await connection.GetAsync("f3"u8, _get)).Stale);
    }

    [Fact]
    public async Task AnItemThatIsEvictedUnderItsLeaseCannotBeFilledByIt()
    {
        await using var process = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { MemoryMegabytes = 8 });
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        await using var connection = await pool.Servers[0].ConnectExclusiveAsync();

        // Its stub lies among small items; the marked one among those that push it out.
        var value = new byte[10_000];
        await connection.SetAsync("marked"u8, value, new MetaSet());
        Assert.True((await connection.DeleteAsync("marked"u8, MetaDelete.Mark(60))).IsHit);
        var won = await connection.GetAsync("marked"u8, MetaGet.Lease(60));
        Assert.True(won is { Won: true, Stale: true });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var pipeline = new MetaPipeline();
        for (var i = 0; (await connection.GetAsync("marked"u8, new MetaGet { Return = MetaReturn.None })).IsHit; i++)
        {
            // A look keeps an item alive for a while: so many between two.
            limit.Token.ThrowIfCancellationRequested();
            pipeline.Clear();
            for (var n = 0; n < 4_000; n++)
            {
                pipeline.Set(System.Text.Encoding.ASCII.GetBytes($"f{i}-{n}"), value, new MetaSet(), quiet: true);
            }

            await connection.RunAsync(pipeline);
        }

        Assert.Equal(MetaStatus.NotFound, (await connection.SetAsync("marked"u8, "late"u8, new MetaSet { Cas = won.Cas })).Status);
        Assert.Equal(
            MetaStatus.NotFound, (await connection.SetAsync("marked"u8, "late"u8, new MetaSet { Cas = won.Cas, KeepAsStale = true })).Status);
        Assert.Equal(MetaStatus.Miss, (await connection.GetAsync("marked"u8, _get)).Status);

        // Nor when somebody has it anew.
        Assert.True((await connection.GetAsync("marked"u8, MetaGet.Lease(60))).Won);
        Assert.Equal(MetaStatus.Exists, (await connection.SetAsync("marked"u8, "late"u8, new MetaSet { Cas = won.Cas })).Status);
    }

    [Fact]
    public async Task ALeaseOfAnEarlierLifeOfTheServerIsNeverFilled()
    {
        var port = LoopbackPort.Free();
        var process = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await using var pool = new MemcachedPool(RunningMemcached.OptionsFor(process.Address));
        var cas = new List<ulong>();
        await using (var before = await pool.Servers[0].ConnectExclusiveAsync())
        {
            foreach (var key in new[] { "gone", "leased", "filled" })
            {
                cas.Add((await before.GetAsync(System.Text.Encoding.ASCII.GetBytes(key), MetaGet.Lease(60))).Cas);
            }
        }

        await process.CrashAsync();
        await using var again = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await using var after = await pool.Servers[0].ConnectExclusiveAsync();

        // Its CAS counts from 1 again: with enough writes, a number of the old life is given to another item, and to this one never twice.
        var newLease = await after.GetAsync("leased"u8, MetaGet.Lease(60));
        Assert.True(newLease.Won);
        for (var n = 0; n < 5; n++)
        {
            await after.SetAsync("filled"u8, "new"u8, new MetaSet());
        }

        Assert.Equal(MetaStatus.NotFound, (await after.SetAsync("gone"u8, "old"u8, new MetaSet { Cas = cas[0] })).Status);
        Assert.NotEqual(newLease.Cas, cas[1]);
        Assert.Equal(MetaStatus.Exists, (await after.SetAsync("leased"u8, "old"u8, new MetaSet { Cas = cas[1] })).Status);
        Assert.Equal(MetaStatus.Exists, (await after.SetAsync("filled"u8, "old"u8, new MetaSet { Cas = cas[2] })).Status);
        Assert.Equal("new", (await after.GetAsync("filled"u8, _get)).Text());
    }

    /// <summary>Fills it with values of one size until one is refused; returns that reply.</summary>
    private static async Task<MetaReply> FillAsync(MetaConnection connection, byte[] value, string names)
    {
        for (var n = 0; ; n++)
        {
            var reply = await connection.SetAsync(System.Text.Encoding.ASCII.GetBytes($"{names}{n}"), value, new MetaSet());
            if (!reply.IsHit)
            {
                return reply;
            }
        }
    }
}
