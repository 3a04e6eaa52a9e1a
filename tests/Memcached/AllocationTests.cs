using System.Text;

namespace InstaGrpc.Memcached.Tests;

/// <summary>Alone, because it counts what the whole process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection : ICollectionFixture<RunningMemcached>;

[Collection(nameof(AllocationTests))]
public sealed class AllocationTests(RunningMemcached memcached)
{
    private const int ValueBytes = 100;
    private const int ArrayBytes = 128; // 100 rounded up to words, and an array's header

    // The runtime's own threads and the timer allocate a little now and then.
    private const long Noise = 64 * 1024;

    private readonly MemcachedServer _server = memcached.Server;

    [Fact]
    public async Task AMissAllocatesNothing()
    {
        var key = memcached.NewKey();
        await AssertAllocatedAsync(0, 100_000, count => GetAtDepthAsync(key, count));
    }

    [Fact]
    public async Task AHitAllocatesItsValueOnly()
    {
        var key = memcached.NewKey();
        await _server.SetAsync(key, new byte[ValueBytes], new MetaSet());
        await AssertAllocatedAsync(ArrayBytes, 100_000, count => GetAtDepthAsync(key, count));
    }

    [Fact]
    public async Task AMultiGetOfMissesAllocatesNothing()
    {
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, 100).Select(_ => new ReadOnlyMemory<byte>(memcached.NewKey()))];
        var replies = new MetaReply[keys.Length];
        await AssertAllocatedAsync(0, 100_000, async count =>
        {
            for (var i = 0; i < count; i += keys.Length)
            {
                await _server.GetManyAsync(keys, replies, MetaGetWithoutLease);
            }
        });
    }

    [Fact]
    public async Task WritesAndDeletesAllocateNothing()
    {
        var key = memcached.NewKey();
        var value = Encoding.ASCII.GetBytes("value");
        await AssertAllocatedAsync(0, 5_000, async count =>
        {
            for (var i = 0; i < count; i++)
            {
                await _server.SetAsync(key, value, new MetaSet { TtlSeconds = 100, ReturnCas = true });
                await _server.DeleteAsync(key, MetaDelete.Mark(5));
            }
        });
    }

    [Fact]
    public async Task APipelineThatIsUsedAgainAllocatesNothing()
    {
        byte[][] keys = [.. Enumerable.Range(0, 100).Select(_ => memcached.NewKey())];
        var pipeline = new MetaPipeline();
        await AssertAllocatedAsync(0, 100_000, async count =>
        {
            for (var i = 0; i < count; i += keys.Length)
            {
                pipeline.Clear();
                foreach (var key in keys)
                {
                    pipeline.Delete(key, MetaDelete.Mark(5), quiet: true);
                }

                await _server.RunAsync(pipeline);
            }
        });
    }

    private static MetaGet MetaGetWithoutLease => new();

    private Task GetAtDepthAsync(byte[] key, int count)
    {
        const int Depth = 50;
        return Task.WhenAll(Enumerable.Range(0, Depth).Select(async _ =>
        {
            for (var i = 0; i < count / Depth; i++)
            {
                await _server.GetAsync(key, MetaGetWithoutLease);
            }
        }));
    }

    private static async Task AssertAllocatedAsync(long bytesEach, int count, Func<int, Task> run)
    {
        // On the thread pool: the test runner's synchronization context allocates at each await.
        await Task.Run(() => run(count / 10));
        // The least of some measurements: what a command allocates shows in every one, the runtime's own threads only in some.
        var least = long.MaxValue;
        for (var measurement = 0; measurement < 5 && least > (bytesEach * count) + Noise; measurement++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await Task.Run(() => run(count));
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(
            least <= (bytesEach * count) + Noise,
            $"{least} bytes for {count} commands; at most {(bytesEach * count) + Noise} are right");
    }
}
