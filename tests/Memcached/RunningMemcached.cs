using System.Text;
using InstaGrpc.Embedded;

namespace InstaGrpc.Memcached.Tests;

/// <summary>A memcached of a test class's own, and a client of it. Each test takes keys of its own.</summary>
public sealed class RunningMemcached : IAsyncLifetime
{
    private int _keys;

    public EmbeddedMemcached Process { get; private set; } = null!;

    public MemcachedPool Pool { get; private set; } = null!;

    public MemcachedServer Server => Pool.Servers[0];

    public static MemcachedOptions OptionsFor(params string[] addresses) => new()
    {
        Servers = addresses,

        // The machine may be busy: only tests about timeouts want short ones.
        OperationTimeout = TimeSpan.FromSeconds(30),
        PipelineTimeout = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(30),
    };

    public byte[] NewKey() => Encoding.ASCII.GetBytes($"key-{Interlocked.Increment(ref _keys)}");

    public async Task InitializeAsync()
    {
        Process = await EmbeddedMemcached.StartAsync();
        Pool = new MemcachedPool(OptionsFor(Process.Address));
    }

    public async Task DisposeAsync()
    {
        await Pool.DisposeAsync();
        await Process.DisposeAsync();
    }
}
