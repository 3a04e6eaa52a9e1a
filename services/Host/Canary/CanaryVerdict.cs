using System.Globalization;

namespace InstaGrpc.Host.Canary;

/// <summary>Whether the canary does worse than the version beside it, in the same minutes.</summary>
/// <param name="Worse">Why; null: it does not, as far as can be said.</param>
/// <param name="Enough">Whether the canary was called often enough to say anything.</param>
internal sealed record CanaryVerdict(string? Worse, bool Enough)
{
    /// <summary>Fewer calls say nothing of one failure in a hundred.</summary>
    public const int LeastCalls = 200;

    // One-sided, 99 %: of a hundred canaries that are as good as what runs, one is called back.
    private const double Certain = 2.33;
    private const double LeastDifference = 0.005;
    private const double SlowerBy = 1.5;
    private const double SlowerByAtLeast = 0.01;

    public static CanaryVerdict Of(CallFigures stable, CallFigures canary)
    {
        if (canary.Calls < LeastCalls || stable.Calls < LeastCalls) return new(null, false);
        // Difference of two shares against its standard error, with the share of both together (two-proportion z-test).
        var pooled = (stable.Failures + canary.Failures) / (stable.Calls + canary.Calls);
        var error = Math.Sqrt(pooled * (1 - pooled) * ((1 / stable.Calls) + (1 / canary.Calls)));
        var difference = canary.FailureRate - stable.FailureRate;
        if (difference > LeastDifference && difference > Certain * error)
        {
            return new($"{Percent(canary.FailureRate)} of its calls fail, and {Percent(stable.FailureRate)} of the others", true);
        }
        return canary.Quantile(0.95) is { } slow && stable.Quantile(0.95) is { } usual && slow > usual * SlowerBy && slow > usual + SlowerByAtLeast
            ? new($"its p95 is {Milliseconds(slow)}, and {Milliseconds(usual)} beside it", true)
            : new(null, true);
    }

    public static string Percent(double share) => share.ToString("0.00 %", CultureInfo.InvariantCulture);

    public static string Milliseconds(double? seconds) =>
        seconds is { } known ? (known * 1000).ToString("0.0 ms", CultureInfo.InvariantCulture) : "-";
}
