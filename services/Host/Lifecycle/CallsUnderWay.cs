namespace InstaGrpc.Host.Lifecycle;

/// <summary>Counts requests, so that those that had begun when a stop began can be waited for, however many come after them.</summary>
internal sealed class CallsUnderWay
{
    private Generation _current = new();

    /// <summary>Middleware around all others.</summary>
    public RequestDelegate Count(RequestDelegate next) => http =>
    {
        var generation = Volatile.Read(ref _current);
        generation.Enter();
        Task running;
        try
        {
            running = next(http);
        }
        catch
        {
            generation.Leave();
            throw;
        }
        if (!running.IsCompleted) return LeaveAfterAsync(running, generation);
        generation.Leave();
        return running;
    };

    /// <summary>Done when no call is left that began before this one.</summary>
    public Task EndedAsync()
    {
        var before = Interlocked.Exchange(ref _current, new Generation());
        before.Leave();
        return before.Empty;
    }

    private static async Task LeaveAfterAsync(Task running, Generation generation)
    {
        try
        {
            await running;
        }
        finally
        {
            generation.Leave();
        }
    }

    private sealed class Generation
    {
        private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // One more than there are calls, until the next generation begins.
        private int _count = 1;

        public Task Empty => _empty.Task;

        public void Enter() => Interlocked.Increment(ref _count);

        // A call that read this generation just before the next began may still come to an empty one: it began at that moment, and is not waited for.
        public void Leave()
        {
            if (Interlocked.Decrement(ref _count) == 0) _empty.TrySetResult();
        }
    }
}
