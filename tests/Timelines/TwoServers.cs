using InstaGrpc.Embedded;
using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines.Tests;

/// <summary>Memcached servers of a test's own, and everything that writes timelines to them.</summary>
internal sealed class TwoServers : IAsyncDisposable
{
    private TwoServers(List<EmbeddedMemcached> processes, FanoutOptions options)
    {
        Processes = processes;
        Options = options;
        Pool = new MemcachedPool(new MemcachedOptions
        {
            Servers = [.. processes.Select(static process => process.Address)],
            OperationTimeout = TimeSpan.FromSeconds(30),
            PipelineTimeout = TimeSpan.FromSeconds(30),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        });
        Appender = new TimelineAppender(Pool, Keys);
        Store = NewStore();
    }

    public List<EmbeddedMemcached> Processes { get; }

    public FanoutOptions Options { get; }

    public MemcachedPool Pool { get; }

    public TimelineKey Keys { get; } = new("test.");

    public TimelineAppender Appender { get; }

    public TimelineStore Store { get; }

    public static async Task<TwoServers> StartAsync(
        int servers = 2, FanoutOptions? options = null, EmbeddedMemcachedOptions? memcached = null)
    {
        List<EmbeddedMemcached> processes = [];
        for (var i = 0; i < servers; i++)
        {
            processes.Add(await EmbeddedMemcached.StartAsync(memcached));
        }

        return new TwoServers(processes, options ?? new FanoutOptions());
    }

    public TimelineStore NewStore(Func<ValueTask>? looked = null) => new(Pool, Keys, Options, TimeProvider.System) { Looked = looked };

    public (MemcachedServer Server, byte[] Key) Locate(long user)
    {
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        var owner = Pool.KeyOwnerOf(key[..Keys.WriteRingKey(user, key)]);
        return (owner.Server, key[..Keys.Write(user, owner.Incarnation, key)].ToArray());
    }

    public async Task BuildAsync(long user, params long[] posts)
    {
        var build = await Store.BeginAsync(user);
        Assert.NotNull(build);
        Assert.True(await Store.FinishAsync(build, new TimelineContent(posts, [], 0)));
    }

    /// <summary>The posts as they stand; null: no timeline.</summary>
    public async Task<List<long>?> PostsAsync(long user) => await Store.ReadAsync(user) is { } timeline
        ? [.. timeline.Entries.ToArray().Where(static entry => !entry.IsNotice).Select(static entry => entry.Id)]
        : null;

    /// <summary>Crashes a server and starts another life of it on the same port.</summary>
    public async Task RestartAsync(int server)
    {
        var port = Processes[server].Port;
        await Processes[server].CrashAsync();
        Processes[server] = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = port });
        await Pool.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        foreach (var process in Processes)
        {
            await process.DisposeAsync();
        }
    }
}
