using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>Waits until something is so that nobody announces, generously: a failing test says what it waited for.</summary>
public static class Patience
{
    // Looking on without a pause would take the processor from what is waited for.
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(5);

    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    public static CancellationToken Token() => new CancellationTokenSource(Limit).Token;

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < end, $"waited {Limit.TotalSeconds:0} s in vain until {what}");
            await Task.Delay(_pause);
        }
    }
}
