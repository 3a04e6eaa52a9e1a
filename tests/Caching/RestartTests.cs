using InstaGrpc.Embedded;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>memcached goes away, and comes back with nothing.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task WhileTheServerIsDownReadsAreUncachedAndAfterwardsANewGenerationCounts()
    {
        var server = await EmbeddedMemcached.StartAsync();
        var port = server.Port;
        try
        {
            await using var mesh = new CacheFixture([server.Address]);
            await mesh.Invalidator.BeginAsync();
            var reader = mesh.NewReader();
            var run = new ScriptedRun(() => "old");
            await reader.ReadAsync(Thing, 1, run);
            var before = mesh.Invalidator.Generation;

            await server.DisposeAsync();
            var down = await reader.ReadAsync(Thing, 1, run);
            Assert.Equal((UncachedReason.ServerDown, 2), (down.Uncached, run.Runs));

            server = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
            await Patience.UntilAsync(
                async () => (await reader.ReadAsync(Thing, 1, run)).Uncached == UncachedReason.NoWatermark, "the server is back, with nothing");

            await Patience.UntilAsync(async () =>
            {
                try
                {
                    await mesh.Invalidator.BeginAsync();
                    return true;
                }
                catch (MemcachedException)
                {
                    return false;
                }
            }, "the invalidator is back too");
            Assert.NotEqual(before, mesh.Invalidator.Generation);
            await Patience.UntilAsync(
                async () => (await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"))).Level == CacheLevel.Memcached, "reads are cached again");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task ALeaseFromBeforeTheLossOfTheWatermarkFillsNothingThatIsRead()
    {
        var server = await EmbeddedMemcached.StartAsync();
        var port = server.Port;
        try
        {
            await using var mesh = new CacheFixture([server.Address]);
            await mesh.Invalidator.BeginAsync();
            var reader = mesh.NewReader();
            var phase = new Phase();
            var late = reader.ReadAsync(Thing, 1, new ScriptedRun(async (_, cancellation) =>
            {
                await phase.PassAsync(cancellation);
                return ScriptedRun.Of("old");
            }));
            await phase.Reached;
            await server.DisposeAsync();
            server = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
            var fresh = new CacheFixture([server.Address]);
            await using (fresh)
            {
                // The same mesh after its restart: CAS counts from 1 again, and the other life's numbers come again.
                var invalidator = new ScriptedInvalidator(fresh.Pool, mesh.Prefix, CacheFixture.Node, () => DateTime.UtcNow);
                await invalidator.BeginAsync();
                await Patience.UntilAsync(
                    async () => (await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "new"))).Level == CacheLevel.Memcached, "the new value is cached");
                phase.Open();
                Assert.Equal("old", Reader.Text(await late));
                Assert.Equal("new", Reader.Text(await reader.ReadAsync(Thing, 1, new ScriptedRun(() => "none"))));
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}
