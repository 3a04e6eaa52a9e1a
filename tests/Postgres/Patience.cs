namespace InstaGrpc.Postgres.Tests;

/// <summary>Waits for a condition, generously: a failing test says what it waited for.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static CancellationToken Token() => new CancellationTokenSource(Limit).Token;

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var until = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < until, $"waited {Limit.TotalSeconds:0} s until {what}");
            await Task.Yield();
        }
    }
}
