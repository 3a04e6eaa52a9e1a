using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Reports;

/// <summary>
/// What changed between two runs. Seconds of a run are not independent (a collection, a checkpoint, a neighbour lasts some of them), so the intervals come from
/// a bootstrap of blocks of five seconds (Künsch's moving blocks): both runs are drawn anew in blocks 1,000 times, and the middle 95 % of the ratios is the
/// interval. A figure of a run is the median over its seconds, so that one bad second cannot move it.
/// </summary>
public static class Comparison
{
    private const int Draws = 1000;
    private const int Block = 5;
    private const double Outside = 0.025;

    /// <summary>Rate, errors and latencies.</summary>
    public static IReadOnlyList<Change> Of(RunReport before, RunReport after)
    {
        RunSecond[] first = Whole(before), second = Whole(after);
        return
        [
            Compare("answered, /s", first, second, static one => one.Ok, Median, true),
            Compare("p50, ms", first, second, static one => one.P50, Median, false),
            Compare("p95, ms", first, second, static one => one.P95, Median, false),
            Compare("p99, ms", first, second, static one => one.P99, Median, false),
            Compare("longest in a second, ms", first, second, static one => one.Max, Median, false),
            // Plus a half in a thousand: two runs without errors are alike, and not 0 / 0.
            Compare("errors, %", first, second, static one => 100.0 * one.Errors / Math.Max(1, one.Ok + one.Errors), static all => all.Average() + 0.05, false),
        ];
    }

    /// <summary>Seconds that were whole and answered something; the last one is often a part.</summary>
    private static RunSecond[] Whole(RunReport run)
    {
        RunSecond[] whole = [.. run.Timeline.Where(second => second.Second < Math.Floor(run.Seconds) && second.Ok + second.Errors > 0)];
        return whole.Length > 0 ? whole : throw new InvalidOperationException($"the run of {run.At:u} has no whole second to compare");
    }

    private static Change Compare(
        string figure, RunSecond[] before, RunSecond[] after, Func<RunSecond, double> value, Func<IReadOnlyList<double>, double> summary, bool moreIsBetter)
    {
        double[] first = [.. before.Select(value)], second = [.. after.Select(value)];
        var random = new Random(Seeds.Of(first.Length, second.Length));
        var ratios = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            ratios[draw] = Ratio(summary(Anew(first, random)), summary(Anew(second, random)));
        }

        Array.Sort(ratios);
        var (was, became) = (summary(first), summary(second));
        return new Change(figure, was, became, Ratio(was, became), ratios[(int)(Outside * Draws)], ratios[(int)((1 - Outside) * Draws) - 1], moreIsBetter);
    }

    private static double Ratio(double before, double after) => before > 0 ? after / before : after > 0 ? double.MaxValue : 1;

    private static double[] Anew(double[] values, Random random)
    {
        var length = Math.Min(Block, values.Length);
        var anew = new double[values.Length];
        for (var at = 0; at < anew.Length; at += length)
        {
            var from = random.Next(values.Length - length + 1);
            Array.Copy(values, from, anew, at, Math.Min(length, anew.Length - at));
        }

        return anew;
    }

    private static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
