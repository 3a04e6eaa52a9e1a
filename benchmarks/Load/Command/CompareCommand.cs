using System.Globalization;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Command;

/// <summary><c>./insta load compare A B [--max-regression PERCENT]</c>.</summary>
internal static class CompareCommand
{
    private const int Failed = 1;

    /// <exception cref="FormatException">What is wrong with the arguments.</exception>
    public static int Run(IReadOnlyList<string> args, TextWriter output)
    {
        double? limit = null;
        List<string> paths = [];
        for (var at = 0; at < args.Count; at++)
        {
            if (args[at].StartsWith("--max-regression", StringComparison.Ordinal))
            {
                var text = args[at].Contains('=') ? args[at].Split('=', 2)[1] : at + 1 < args.Count ? args[++at] : "";
                limit = double.TryParse(text, CultureInfo.InvariantCulture, out var percent) && percent >= 0
                    ? percent : throw new FormatException("--max-regression needs a number of percent, e.g. 10");
            }
            else
            {
                paths.Add(args[at]);
            }
        }

        if (paths is not [var first, var second]) throw new FormatException("compare needs two reports: ./insta load compare A B [--max-regression PERCENT]");
        var (before, after) = (Read(first), Read(second));
        if (before.Scenario != after.Scenario || before.AskedRate != after.AskedRate)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"careful: {before.Scenario} at {before.AskedRate}/s is compared with {after.Scenario} at {after.AskedRate}/s"));
        }

        output.WriteLine($"{"",-26}{"A",12}{"B",12}{"B / A",9}   95 % interval");
        var failed = false;
        foreach (var change in Comparison.Of(before, after))
        {
            var worse = limit is { } most && change.SurelyWorsePercent > most;
            failed |= worse;
            var verdict = worse ? "WORSE than allowed" : change.SurelyWorsePercent > 0 ? "worse" : change.SurelyBetterPercent > 0 ? "better" : "no sure change";
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{change.Figure,-26}{change.Before,12:0.##}{change.After,12:0.##}{change.Ratio,9:0.00}   [{change.Low:0.00}, {change.High:0.00}]  {verdict}"));
        }

        if (!after.Passed && before.Passed)
        {
            failed |= limit is not null;
            output.WriteLine("B has violations or missed thresholds, or was broken off, and A is without");
        }

        return failed ? Failed : 0;
    }

    private static RunReport Read(string path)
    {
        try
        {
            return RunReport.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new FormatException($"{path} is no report: {e.Message}");
        }
    }
}
