namespace InstaGrpc.Memcached.Tests;

/// <summary>Waits for a condition that will come true, however busy the machine is.</summary>
internal static class Eventually
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(5);

    public static async Task TrueAsync(Func<bool> condition, Action? between = null)
    {
        using var limit = new CancellationTokenSource(_limit);
        using var timer = new PeriodicTimer(_poll);
        while (!condition())
        {
            between?.Invoke();
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
