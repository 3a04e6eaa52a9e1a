using System.Text;
using Google.Protobuf;
using InstaGrpc.Caching.Tests.Protos;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Tests;

/// <summary>One mesh in one test: a prefix of its own, a scripted invalidator, and any number of reading processes.</summary>
internal sealed class CacheFixture : IAsyncDisposable
{
    private static int _prefixes;

    private readonly List<IAsyncDisposable> _own = [];
    private readonly IReadOnlyList<string> _servers;

    public CacheFixture(IReadOnlyList<string> servers)
    {
        _servers = servers;
        Prefix = $"t{Environment.ProcessId}-{Interlocked.Increment(ref _prefixes)}.";
        Pool = NewPool();
        Invalidator = new ScriptedInvalidator(Pool, Prefix, Node, () => DateTime.UtcNow);
    }

    public static NodeName Node { get; } = new("n1");

    public string Prefix { get; }

    /// <summary>The test's own connections.</summary>
    public MemcachedPool Pool { get; }

    public ScriptedInvalidator Invalidator { get; }

    /// <summary>A fixture whose invalidator has begun.</summary>
    public static async Task<CacheFixture> BeginAsync(MemcachedServers servers)
    {
        var fixture = new CacheFixture(servers.Addresses);
        await fixture.Invalidator.BeginAsync();
        return fixture;
    }

    /// <param name="configure">Changes the options.</param>
    /// <param name="through">What stands before the servers for this process; null: nothing.</param>
    public Reader NewReader(Action<CacheOptions>? configure = null, IReadOnlyList<string>? through = null)
    {
        var options = new CacheOptions { Prefix = Prefix, MaxLag = Phase.Limit };
        configure?.Invoke(options);
        var reader = new Reader(NewPool(through), options);
        _own.Add(reader);
        return reader;
    }

    public async Task<MetaReply> LookAsync(MethodContract contract, params string?[] columns)
    {
        var key = Invalidator.KeyOf(contract, columns);
        return await Pool.OwnerOf(key.Ring.Span).GetAsync(key.Under(Invalidator.Generation), new MetaGet());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var own in Enumerable.Reverse(_own))
        {
            await own.DisposeAsync();
        }
    }

    private MemcachedPool NewPool(IReadOnlyList<string>? addresses = null)
    {
        // A busy machine must not look like a server that is down.
        var pool = new MemcachedPool(new MemcachedOptions { Servers = [.. addresses ?? _servers], OperationTimeout = TimeSpan.FromSeconds(20) });
        _own.Add(pool);
        return pool;
    }
}

/// <summary>A process that reads.</summary>
internal sealed class Reader(MemcachedPool pool, CacheOptions options) : IAsyncDisposable
{
    public TestClock Clock { get; } = new();

    public TestNumbers Numbers { get; } = new();

    public MemcachedPool Pool => pool;

    public CachedReads Reads => field ??= new CachedReads(pool, Clock, Numbers, options);

    public static string Text(CacheAnswer answer) => Encoding.UTF8.GetString(answer.Bytes.Span);

    /// <summary>Reads the thing (count, copy …) with this id.</summary>
    public Task<CacheAnswer> ReadAsync(
        MethodContract contract, long id, IHandlerRun run, ReadConditions? conditions = null, CancellationToken cancellation = default) =>
        ReadAsync(contract, new GetThingRequest { Id = id }, run, conditions, cancellation);

    public Task<CacheAnswer> ReadAsync(
        MethodContract contract, IMessage request, IHandlerRun run, ReadConditions? conditions = null, CancellationToken cancellation = default) =>
        Reads.GetAsync(Reads.For(contract), CacheFixture.Node, request, conditions ?? new ReadConditions(), run, cancellation).AsTask();

    public async ValueTask DisposeAsync() => await Reads.DisposeAsync();
}
