using System.Globalization;
using InstaGrpc.Load.Faults;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Command;

/// <summary>What a run's figures must satisfy.</summary>
internal static class RunThresholds
{
    private const double DefaultMaxErrors = 1;
    private const double DefaultP99 = 3000;

    /// <param name="options">What was asked for.</param>
    /// <param name="outage">What happened to the mesh; null: nothing. While a part is away calls fail and wait, so then only those limits hold that were given.</param>
    public static IEnumerable<Threshold> Of(LoadOptions options, Outage? outage)
    {
        if (outage is not null)
        {
            yield return Threshold.Create(
                $"the mesh has recovered {KilledPart.RecoveryGoal.TotalSeconds:0} s after {outage.Part} is back",
                _ => outage.RecoveredAfter <= KilledPart.RecoveryGoal.TotalSeconds);
        }

        if ((options.MaxErrors ?? (outage is null ? DefaultMaxErrors : null)) is { } errors)
        {
            yield return Threshold.Create(Text($"at most {errors} % of the iterations fail"), one => one.FailPercent <= errors);
        }

        if ((options.P99 ?? (outage is null ? DefaultP99 : null)) is { } p99)
        {
            yield return Threshold.Create(Text($"99 % of the iterations take at most {p99} ms"), one => one.Latency.P99 <= p99);
        }

        yield return Threshold.Create("something was done", static one => one.Ok > 0);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
