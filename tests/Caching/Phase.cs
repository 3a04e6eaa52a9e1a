namespace InstaGrpc.Caching.Tests;

/// <summary>A place in a handler where the test can hold it.</summary>
internal sealed class Phase
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    public Task Reached => _reached.Task.WaitAsync(Limit);

    public async Task PassAsync(CancellationToken cancellation = default)
    {
        _reached.TrySetResult();
        await _open.Task.WaitAsync(Limit, cancellation);
    }

    public void Open() => _open.TrySetResult();

    /// <summary>Waits until something is so that nobody announces.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var until = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < until, $"waited in vain until {what}");
            await Task.Yield();
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var until = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < until, $"waited in vain until {what}");
        }
    }
}
