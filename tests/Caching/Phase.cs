namespace InstaGrpc.Caching.Tests;

/// <summary>A place in a handler where the test can hold it.</summary>
internal sealed class Phase
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TimeSpan Limit => Patience.Limit;

    public Task Reached => _reached.Task.WaitAsync(Limit);

    public async Task PassAsync(CancellationToken cancellation = default)
    {
        _reached.TrySetResult();
        await _open.Task.WaitAsync(Limit, cancellation);
    }

    public void Open() => _open.TrySetResult();
}
