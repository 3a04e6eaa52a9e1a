namespace InstaGrpc.Load;

/// <summary>How scenarios are run.</summary>
public sealed class RunOptions
{
    /// <summary>Seeds what is drawn by chance.</summary>
    /// <value>1: the same users in the same order each time.</value>
    public int Seed { get; init; } = 1;

    /// <summary>Iterations that may be under way; more are not begun and count as failures ("TooManyInFlight").</summary>
    /// <value>20,000.</value>
    public int MostInFlight { get; init; } = 20_000;

    /// <summary>How long iterations may still take when the last one has begun.</summary>
    /// <value>15 s: more than a call's deadline.</value>
    public TimeSpan EndLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Asked when the warm-up has ended: when the run begins, by the wall clock, so that several processes begin at once; null: as soon as it can.</summary>
    public Func<CancellationToken, Task<DateTimeOffset>>? Begin { get; init; }

    /// <summary>Which of how many processes this is; iterations are shared evenly.</summary>
    public (int Index, int Count) Process { get; init; } = (0, 1);
}
