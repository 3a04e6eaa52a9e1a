using Grpc.Core;

namespace InstaGrpc.Integration.Tests;

/// <summary>Readers that ask all the time. A call that fails fails the test, except for one that its deadline ended; nothing is retried.</summary>
internal sealed class BusyReaders : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _running;
    private long _reads;
    private long _missed;

    public BusyReaders(int count, Func<Task> read) => _running = [.. Enumerable.Range(0, count).Select(_ => Task.Run(async () =>
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await read();
                Interlocked.Increment(ref _reads);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded)
            {
                // 64 callers that never rest can miss a contract's deadline on a busy machine. No answer is not a wrong one.
                Interlocked.Increment(ref _missed);
            }
        }
    }))];

    /// <summary>Ends them.</summary>
    /// <returns>How often they read.</returns>
    public async Task<long> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        Assert.True(Interlocked.Read(ref _missed) <= Interlocked.Read(ref _reads) / 10, $"{_missed} reads missed their deadline, {_reads} did not");
        return Interlocked.Read(ref _reads);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
