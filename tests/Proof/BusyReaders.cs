namespace InstaGrpc.Proof.Tests;

/// <summary>Readers that ask all the time. A call that fails fails the test; nothing is retried.</summary>
internal sealed class BusyReaders : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _running;
    private long _reads;

    public BusyReaders(int count, Func<Task> read) => _running = [.. Enumerable.Range(0, count).Select(_ => Task.Run(async () =>
    {
        while (!_stop.IsCancellationRequested)
        {
            await read();
            Interlocked.Increment(ref _reads);
        }
    }))];

    /// <summary>Waits until so many reads have been answered that had not begun when this was called.</summary>
    public async Task MoreAsync(int count)
    {
        var until = Interlocked.Read(ref _reads) + _running.Length + count;
        while (Interlocked.Read(ref _reads) < until)
        {
            // One that has failed has ended.
            if (_running.FirstOrDefault(static reader => reader.IsCompleted) is { } ended) await ended;
            await Task.Yield();
        }
    }

    /// <summary>Ends them.</summary>
    /// <returns>How often they read.</returns>
    public async Task<long> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        return Interlocked.Read(ref _reads);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
