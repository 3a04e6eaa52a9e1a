using InstaGrpc.Contracts;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>What is read much is kept longer, and is no less true for it.</summary>
public sealed class ProlongedTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    private const int Hot = 1;
    private const int Other = 2;

    [Fact]
    public async Task EntriesOfAHotIdLiveTwelveTimesAsLong()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        reader.Reads.Prolonged = new ProlongedEntries([Hot], 12);
        await reader.ReadAsync(Copied, Hot, new ScriptedRun(() => "hot"));
        await reader.ReadAsync(Copied, Other, new ScriptedRun(() => "other"));
        Assert.InRange(await TtlAsync(mesh, Hot), (12 * 3240) - 60, 12 * 3960);
        Assert.InRange(await TtlAsync(mesh, Other), 3240 - 60, 3960);

        reader.Reads.Prolonged = ProlongedEntries.None;
        await mesh.Invalidator.ChangeAsync(1, Copied, "1");
        await reader.ReadAsync(Copied, Hot, new ScriptedRun(() => "calm"));
        Assert.InRange(await TtlAsync(mesh, Hot), 3240 - 60, 3960);
    }

    [Fact]
    public async Task AHotEntryEndsWithItsChangeAndSoDoesItsCopy()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        reader.Reads.Prolonged = new ProlongedEntries([Hot], 12);
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        await reader.ReadAsync(Copied, Hot, new ScriptedRun(() => "old"));
        await Patience.UntilAsync(
            async () => (await reader.ReadAsync(Copied, Hot, new ScriptedRun(() => "none"))).Level == CacheLevel.L1, "there is a copy in the process");

        await mesh.Invalidator.ChangeAsync(1, Copied, "1");
        drops.Send(mesh.Invalidator.KeyOf(Copied, "1").Hash);
        Assert.Equal("new", Reader.Text(await reader.ReadAsync(Copied, Hot, new ScriptedRun(() => "new"))));
    }

    [Fact]
    public async Task AMethodWithoutCopiesGetsNoneHoweverHotItIs()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        reader.Reads.Prolonged = new ProlongedEntries([Hot], 12);
        using var drops = new Feed(reader, mesh.Invalidator.Owner);
        await reader.ReadAsync(Thing, Hot, new ScriptedRun(() => "one"));
        for (var read = 0; read < 3; read++)
        {
            Assert.Equal(CacheLevel.Memcached, (await reader.ReadAsync(Thing, Hot, new ScriptedRun(() => "none"))).Level);
        }
    }

    [Fact]
    public async Task InABatchOnlyTheHotItemsLiveLonger()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        reader.Reads.Prolonged = new ProlongedEntries([Hot], 12);
        await reader.Reads.GetManyAsync(
            reader.Reads.For(Copied), CacheFixture.Node, new Keys(Hot, Other), new ReadConditions(), new Run());
        Assert.InRange(await TtlAsync(mesh, Hot), (12 * 3240) - 60, 12 * 3960);
        Assert.InRange(await TtlAsync(mesh, Other), 3240 - 60, 3960);
    }

    // Seconds that are left; 3,600 less or more a tenth is what the contract gives.
    private static async Task<int> TtlAsync(CacheFixture mesh, int id)
    {
        var key = mesh.Invalidator.KeyOf(Copied, $"{id}");
        var reply = await mesh.Pool.OwnerOf(key.Ring.Span)
            .GetAsync(key.Under(mesh.Invalidator.Generation), new MetaGet { Return = MetaReturn.Value | MetaReturn.Ttl });
        return reply.Ttl;
    }

    private sealed class Keys(params long[] ids) : IItemKeys
    {
        public int Count => ids.Length;

        public FieldValue Read(int item, int field) => FieldValue.Of(ids[item]);
    }

    private sealed class Run : IBatchRun
    {
        public ValueTask<IReadOnlyList<HandlerAnswer>> RunAsync(
            HandlerRunContext context, IReadOnlyList<int> items, CancellationToken cancellation) =>
            ValueTask.FromResult<IReadOnlyList<HandlerAnswer>>([.. items.Select(static item => HandlerAnswer.Present(new[] { (byte)item }))]);
    }
}
