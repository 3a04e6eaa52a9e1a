using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>A generation that ends while somebody is in the middle of a read of it.</summary>
public sealed class GenerationTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task AnotherGenerationBetweenLeaseAndFenceMakesTheReadUncached()
    {
        var address = servers.Addresses[0];
        await using var proxy = new FaultProxy(address);
        await using var mesh = new CacheFixture([address]);
        await mesh.Invalidator.BeginAsync();
        var reader = mesh.NewReader(through: [proxy.Address]);
        var old = mesh.Invalidator.KeyOf(Thing, "1").Under(mesh.Invalidator.Generation);

        // The lease is given, and its winner does not know yet.
        var asked = proxy.HoldRepliesFrom($"mg {System.Text.Encoding.ASCII.GetString(old)}");
        var run = new ScriptedRun(() => "one");
        var read = reader.ReadAsync(Thing, 1, run);
        await asked.WaitAsync(Phase.Limit);
        await Patience.UntilAsync(async () => (await mesh.Pool.Servers[0].GetAsync(old, new MetaGet())).IsHit, "the lease is given");
        await mesh.Invalidator.BeginAsync();
        proxy.ReleaseReplies();
        var answer = await read;

        Assert.Equal((UncachedReason.GenerationChanged, "one"), (answer.Uncached, Reader.Text(answer)));
        Assert.Equal(0, (await mesh.Pool.Servers[0].GetAsync(old, new MetaGet())).Value?.Length ?? 0);
        Assert.Equal(MetaStatus.Miss, (await mesh.LookAsync(Thing, "1")).Status);
    }

    [Fact]
    public async Task WhoWaitsForAFillOfAGenerationThatHasEndedAsksAgain()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var phase = new Phase();
        var winner = one.ReadAsync(Thing, 1, new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("old");
        }));
        await phase.Reached;
        var waiter = two.ReadAsync(Thing, 1, new ScriptedRun(() => "new"));
        await Patience.UntilAsync(() => two.Reads.For(Thing).Counters.Waits == 1, "the second process waits");
        await mesh.Invalidator.BeginAsync();

        // It knows of the new generation: another key of the same server is filled under it.
        var owner = mesh.Pool.OwnerOf(mesh.Invalidator.KeyOf(Thing, "1").Ring.Span);
        var other = Enumerable.Range(2, 1_000).First(id => mesh.Pool.OwnerOf(mesh.Invalidator.KeyOf(Thing, $"{id}").Ring.Span) == owner);
        await Patience.UntilAsync(async () =>
        {
            await two.ReadAsync(Thing, other, new ScriptedRun(() => "other"));
            return (await mesh.LookAsync(Thing, $"{other}")).IsHit;
        }, "the second process reads under the new generation");
        phase.Open();
        await winner;

        Assert.Equal("new", Reader.Text(await waiter));
    }
}
