using System.Diagnostics;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Services.IdService;

namespace InstaGrpc.Ratios.Ids;

/// <summary>One thread that makes as many ids as it can over some shards, and the check of every one of them.</summary>
internal sealed class GeneratorRun(IdGenerator generator, RecordedWindows windows, int shards, TimeSpan longest)
{
    // A shard that gave nothing for longer than this needs a window; one that gave nothing just now has only used up its ms.
    private static readonly long Patience = Stopwatch.Frequency / 500;

    private readonly long[][] _made =
    [
        .. Enumerable.Range(0, shards).Select(_ => new long[(int)(longest.TotalMilliseconds * 1.1) * InstaId.Sequences]),
    ];

    private readonly int[] _count = new int[shards];

    /// <returns>Ids a second.</returns>
    public Task<double> RunAsync(TimeSpan time, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => Run(time, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private double Run(TimeSpan time, CancellationToken cancellation)
    {
        Array.Clear(_count);
        var gave = new long[shards];
        Array.Fill(gave, Stopwatch.GetTimestamp());
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var shard = 0; shard < shards; shard++)
            {
                var free = _made[shard].AsMemory(_count[shard]);
                var taken = generator.TryTake(shard, free.Span[..Math.Min(InstaId.Sequences, free.Length)]);
                var now = Stopwatch.GetTimestamp();
                if (taken == 0 && free.Length > 0 && now - gave[shard] > Patience)
                {
                    generator.FillAsync(shard, free[..1], cancellation).AsTask().GetAwaiter().GetResult();
                    taken = 1;
                    now = Stopwatch.GetTimestamp();
                }
                if (taken > 0)
                {
                    _count[shard] += taken;
                    gave[shard] = now;
                }
            }
        }
        var rate = _count.Sum(static count => (double)count) / watch.Elapsed.TotalSeconds;
        Check();
        return rate;
    }

    /// <summary>Ascending on its shard, so unique; on no other shard; inside a window that was granted for it.</summary>
    private void Check()
    {
        for (var shard = 0; shard < shards; shard++)
        {
            var granted = windows.Of(shard);
            var window = 0;
            var last = 0L;
            foreach (var value in _made[shard].AsSpan(0, _count[shard]))
            {
                var id = new InstaId(value);
                while (window < granted.Count && granted[window].End <= id.Milliseconds)
                {
                    window++;
                }
                if (value <= last || id.Shard != shard || window == granted.Count || id.Milliseconds < granted[window].Start)
                {
                    throw new InvalidOperationException(
                        $"Id {value} of shard {id.Shard} was made for shard {shard} after {last}, in no window of it.");
                }
                last = value;
            }
            for (var n = 1; n < granted.Count; n++)
            {
                if (granted[n].Start < granted[n - 1].End)
                {
                    throw new InvalidOperationException($"Windows of shard {shard} overlap: {granted[n - 1]}, {granted[n]}.");
                }
            }
        }
    }
}
