using System.Diagnostics;
using System.Runtime.InteropServices;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>Reads a server's watermark again and again over one connection, and notes when it had come where. Everything up to its
/// <c>lo</c> is marked: what it shows is never before the mark.</summary>
internal sealed class WatermarkLog : IAsyncDisposable
{
    // A thread's sleep of the runtime is whole milliseconds, as long as what is measured.
    private const uint PauseMicroseconds = 200;

    private readonly List<(long At, ReplayPosition Lo)> _steps = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public WatermarkLog(MemcachedServer server, string prefix, NodeName node)
    {
        var key = KeyLayout.Watermark(prefix, node);
        _reading = Task.Factory.StartNew(() => Read(server, key), _stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>When the position was first seen reached; null: not yet.</summary>
    public long? ReachedAt(ReplayPosition position)
    {
        lock (_steps)
        {
            var (low, high) = (0, _steps.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _steps[middle].Lo >= position ? (low, middle) : (middle + 1, high);
            }

            return low < _steps.Count ? _steps[low].At : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Read(MemcachedServer server, byte[] key)
    {
        var last = ReplayPosition.Origin;
        while (!_stop.IsCancellationRequested)
        {
            // On a thread of its own, so that a busy pool does not measure itself.
            var reply = server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }).AsTask().GetAwaiter().GetResult();
            if (reply.Value is { } value && Watermark.TryRead(value) is { } watermark && watermark.Lo > last)
            {
                last = watermark.Lo;
                lock (_steps)
                {
                    _steps.Add((Stopwatch.GetTimestamp(), last));
                }
            }

            _ = Sleep(PauseMicroseconds);
        }
    }

    [DllImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Sleep(uint microseconds);
}
