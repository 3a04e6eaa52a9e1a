namespace InstaGrpc.Caching.Internal;

/// <summary>Work that outlives the call that began it: flights, early refreshes, refills that wait for their interval.</summary>
internal sealed class BackgroundWork
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running = 1;

    /// <summary>Ends waiting and runs when the process stops.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Begins it on the caller's thread. It must not throw.</summary>
    public void Run<T>(Func<T, Task> work, T argument)
    {
        Interlocked.Increment(ref _running);
        _ = RunAsync(work, argument);
    }

    public async ValueTask StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        Done();
        await _idle.Task.ConfigureAwait(false);
    }

    private async Task RunAsync<T>(Func<T, Task> work, T argument)
    {
        try
        {
            await work(argument).ConfigureAwait(false);
        }
        finally
        {
            Done();
        }
    }

    private void Done()
    {
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _idle.TrySetResult();
        }
    }
}
