using System.Diagnostics;
using System.Text;
using InstaGrpc.Embedded;
using InstaGrpc.Memcached;

namespace InstaGrpc.Ratios.Memcached;

/// <summary>Our client against a loop on a raw socket that sends the same commands, encoded beforehand, and counts the bytes that come
/// back.</summary>
internal sealed class MemcachedBenchmark : IBenchmark
{
    private const int Keys = 100;
    private const int ValueBytes = 100;
    private const int Depth = 64;
    private const int Misses = 400_000;
    private const double ManyGoal = 0.8;
    private const double SingleGoal = 0.4;

    private static readonly MetaGet _get = new();

    // An array of 100 bytes with its header, in whole words.
    private static readonly int _bytesOfAValue = (16 + ValueBytes + 8 + 7) / 8 * 8;

    private readonly ReadOnlyMemory<byte>[] _keys = KeysOf("bench|MediaService/GetMedia|1.7");

    public string About =>
        $"the memcached client against a raw socket loop: multi-gets of {Keys} keys, gets at depth {Depth}, allocations";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var process = await EmbeddedMemcached.StartAsync(ct: cancellation).ConfigureAwait(false);
        await using var pool = new MemcachedPool(new MemcachedOptions
        {
            Servers = [process.Address], OperationTimeout = TimeSpan.FromSeconds(10),
        });
        var server = pool.Servers[0];
        var value = new byte[ValueBytes];
        foreach (var key in _keys)
        {
            await server.SetAsync(key.Span, value, new MetaSet(), cancellation).ConfigureAwait(false);
        }

        if (!Machine.Separate(process.ProcessId))
        {
            report.Say("memcached and the client are not pinned to cores of their own (one core, or no taskset)");
        }

        var rounds = new PairedRounds(report);
        using var raw = new RawSocketLoop(process.Port);
        var many = RawSocketLoop.MultiGet(_keys);
        await rounds.RunAsync(
            report,
            $"GetMany of {Keys} keys",
            "keys/s",
            ManyGoal,
            time => GetManyAsync(server, time, cancellation),
            time => raw.RunAsync(many, Keys, time, cancellation)).ConfigureAwait(false);

        var singles = RawSocketLoop.Gets(_keys[0], Depth);
        await rounds.RunAsync(
            report,
            $"single gets at depth {Depth}",
            "gets/s",
            SingleGoal,
            time => GetSinglesAsync(server, time, cancellation),
            time => raw.RunAsync(singles, Depth, time, cancellation)).ConfigureAwait(false);

        await CountBytesAsync(report, server, cancellation).ConfigureAwait(false);
    }

    private async Task<double> GetManyAsync(MemcachedServer server, TimeSpan time, CancellationToken cancellation)
    {
        var replies = new MetaReply[Keys];
        var watch = Stopwatch.StartNew();
        long done = 0;
        while (watch.Elapsed < time)
        {
            cancellation.ThrowIfCancellationRequested();
            await server.GetManyAsync(_keys, replies, _get, CancellationToken.None).ConfigureAwait(false);
            foreach (ref readonly var reply in replies.AsSpan())
            {
                CheckHit(reply);
            }

            done += Keys;
        }

        return done / watch.Elapsed.TotalSeconds;
    }

    private async Task<double> GetSinglesAsync(MemcachedServer server, TimeSpan time, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var callers = new Task<long>[Depth];
        for (var caller = 0; caller < Depth; caller++)
        {
            callers[caller] = Task.Run(CallAsync, cancellation);
        }

        var done = await Task.WhenAll(callers).ConfigureAwait(false);
        return done.Sum() / watch.Elapsed.TotalSeconds;

        async Task<long> CallAsync()
        {
            long count = 0;
            while (watch.Elapsed < time)
            {
                cancellation.ThrowIfCancellationRequested();
                CheckHit(await server.GetAsync(_keys[0].Span, _get, CancellationToken.None).ConfigureAwait(false));
                count++;
            }

            return count;
        }
    }

    /// <summary>What the whole process allocates, for each key: the client's threads, the runtime's and the measuring loop
    /// included.</summary>
    private async Task CountBytesAsync(BenchmarkReport report, MemcachedServer server, CancellationToken cancellation)
    {
        var absent = KeysOf("bench|absent");
        var replies = new MetaReply[Keys];
        await AddAsync("bytes per miss of GetMany", 0, count => ManyAsync(absent, count)).ConfigureAwait(false);
        await AddAsync("bytes per single miss", 0, count => SinglesAsync(absent[0], count)).ConfigureAwait(false);
        await AddAsync("bytes per hit of GetMany", _bytesOfAValue, count => ManyAsync(_keys, count)).ConfigureAwait(false);
        await AddAsync("bytes per single hit", _bytesOfAValue, count => SinglesAsync(_keys[0], count)).ConfigureAwait(false);

        async Task AddAsync(string name, int limit, Func<int, Task> run)
        {
            await run(Misses / 10).ConfigureAwait(false);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await run(Misses).ConfigureAwait(false);

            // In tenths: the runtime's own threads allocate some kilobytes while hundreds of thousands of commands run.
            var each = Math.Round((GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Misses, 1);
            report.AddRatio(new Ratio(name, each, [each, each], limit, AtMost: true));
        }

        async Task ManyAsync(ReadOnlyMemory<byte>[] keys, int count)
        {
            for (var i = 0; i < count; i += Keys)
            {
                await server.GetManyAsync(keys, replies, _get, CancellationToken.None).ConfigureAwait(false);
            }
        }

        async Task SinglesAsync(ReadOnlyMemory<byte> key, int count)
        {
            var callers = Enumerable.Range(0, Depth).Select(async _ =>
            {
                for (var i = 0; i < count / Depth; i++)
                {
                    await server.GetAsync(key.Span, _get, CancellationToken.None).ConfigureAwait(false);
                }
            });
            await Task.WhenAll(callers).ConfigureAwait(false);
        }
    }

    private static ReadOnlyMemory<byte>[] KeysOf(string prefix) =>
        [.. Enumerable.Range(0, Keys).Select(i => new ReadOnlyMemory<byte>(Encoding.ASCII.GetBytes($"{prefix}|{i:x16}")))];

    private static void CheckHit(in MetaReply reply)
    {
        if (reply.Value is not { Length: ValueBytes })
        {
            throw new InvalidOperationException($"A key that was stored was answered with {reply}.");
        }
    }
}
