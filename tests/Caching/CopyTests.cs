using InstaGrpc.Caching.Tests.Protos;
using InstaGrpc.Contracts.InvalidatorV1;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>Copies in the process: the orders of mark, drop, look-up and insert.</summary>
public sealed class CopyTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task ACopyIsServedWhileDropsArriveAndGoneAfterItsDrop()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "old"));
        await CopyAsync(reader);

        await mesh.Invalidator.ChangeAsync(1, Copied, "1");
        drops.Send(mesh.Invalidator.KeyOf(Copied, "1").Hash);
        var after = await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "new"));
        Assert.Equal((CacheLevel.Filled, "new"), (after.Level, Reader.Text(after)));
    }

    [Fact]
    public async Task AHitInMemcachedIsKeptAsACopyWithItsParsedMessage()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        await mesh.NewReader().ReadAsync(Copied, 1, new ScriptedRun(() => "one"));
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        var hit = await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"));
        Assert.Equal(CacheLevel.Memcached, hit.Level);
        Assert.Null(hit.Message);
        var message = new GetThingResponse { Text = "one" };
        hit.KeepMessage(message);

        // On a machine that keeps the drops waiting for a second, the copy is made anew, without it.
        var copy = await CopyAsync(reader);
        if (copy.Message is null)
        {
            copy.KeepMessage(message);
            copy = await CopyAsync(reader);
        }

        Assert.Same(message, copy.Message);
    }

    [Fact]
    public async Task WithoutAStreamOfTheWatermarksOwnerThereAreNoCopies()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "one"));
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"))).Level);

        using var other = new Feed(reader, mesh.Invalidator.Owner + 1);
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"))).Level);
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"))).Level);
    }

    [Fact]
    public async Task ALostStreamEmptiesTheCopiesForGood()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using (new Feed(reader, mesh.Invalidator.Owner))
        {
            await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "old"));
            await CopyAsync(reader);
        }

        // Nobody tells of this one.
        await mesh.Invalidator.ChangeAsync(1, Copied, "1");
        using var again = new Feed(reader, mesh.Invalidator.Owner);
        Assert.Equal("new", Reader.Text(await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "new"))));
    }

    [Fact]
    public async Task AMissingMessageLosesTheStream()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var message = new WatchDropsResponse { Owner = mesh.Invalidator.Owner, Sequence = 1 };
        Assert.True(reader.Reads.ApplyDrops(CacheFixture.Node, message));
        Assert.True(reader.Reads.ApplyDrops(CacheFixture.Node, new WatchDropsResponse(message) { Sequence = 2 }));
        Assert.False(reader.Reads.ApplyDrops(CacheFixture.Node, new WatchDropsResponse(message) { Sequence = 4 }));
    }

    [Fact]
    public async Task AValueReadBeforeItsDropIsNotKeptAfterIt()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);

        // The drop comes between the question and the copy: the copy claims the counter from before the question.
        var phase = new Phase();
        var read = reader.ReadAsync(Copied, 1, new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("one");
        }));
        await phase.Reached;
        drops.Send(mesh.Invalidator.KeyOf(Copied, "1").Hash);
        phase.Open();
        Assert.Equal(CacheLevel.Filled, (await read).Level);
        Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"))).Level);
    }

    [Fact]
    public async Task ACopyClaimsTheWatermarkFromBeforeItsQuestion()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "one"));
        await CopyAsync(reader, With(0));

        // Applied up to 3, without a drop for this row: the copy can't know, memcached can.
        await mesh.Invalidator.AppliedAsync(3);
        var answer = await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"), With(3));
        Assert.Equal((CacheLevel.Memcached, "one"), (answer.Level, Reader.Text(answer)));
        await CopyAsync(reader, With(3));
    }

    [Fact]
    public async Task ANewGenerationVoidsTheCopies()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "old"));
        await mesh.Invalidator.BeginAsync();
        drops.SendEverything();

        // memcached may answer by the old generation while the watermark that this process holds says so: 250 ms.
        await Patience.UntilAsync(
            async () => Reader.Text(await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "new"))) == "new", "the old generation is gone");
    }

    [Fact]
    public async Task TheDropOfAListVoidsTheCopiesOfItsPages()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        var page = new ListPartsRequest { Id = 1, PageToken = "a" };
        await reader.ReadAsync(Parts, page, new ScriptedRun(() => "old"));
        await Patience.UntilAsync(
            async () => (await reader.ReadAsync(Parts, page, new ScriptedRun(() => "none"))).Level == CacheLevel.L1, "there is a copy of the page");
        await mesh.Invalidator.ChangeAsync(1, Parts, "1");
        drops.Send(mesh.Invalidator.KeyOf(Parts, "1").Hash);
        Assert.Equal("new", Reader.Text(await reader.ReadAsync(Parts, page, new ScriptedRun(() => "new"))));
    }

    [Fact]
    public async Task CopiesStayWithinTheirBytes()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.L1Bytes = 100_000);
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        for (var id = 1; id <= 200; id++)
        {
            await reader.ReadAsync(Copied, id, new ScriptedRun(() => new string('x', 1_000)));
        }

        Assert.InRange(reader.Reads.Runtime.Copies.Bytes, 1, 100_000);
    }

    private static ReadConditions With(uint transaction) => new() { Token = ScriptedInvalidator.Token(transaction) };

    /// <summary>Reads until the copy in the process answers: on a machine so busy that drops or watermarks come late, memcached does for a while.</summary>
    private static async Task<CacheAnswer> CopyAsync(Reader reader, ReadConditions? conditions = null)
    {
        CacheAnswer answer = default;
        await Patience.UntilAsync(async () =>
        {
            answer = await reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"), conditions);
            return answer.Level == CacheLevel.L1;
        }, "there is a copy in the process");
        return answer;
    }
}
