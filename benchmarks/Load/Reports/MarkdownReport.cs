using System.Globalization;
using System.Text;

namespace InstaGrpc.Load.Reports;

/// <summary>A run for a comment in a review.</summary>
internal static class MarkdownReport
{
    public static string Write(RunReport run)
    {
        var text = new StringBuilder();
        Line(text, $"# {run.Scenario}: {(run.Passed ? "passed" : "failed")}");
        Line(text, $"");
        Line(text, $"`{run.Command}`, {run.At:yyyy-MM-dd HH:mm:ss} UTC, {run.Seconds:0} s, {run.AskedRate:0.#}/s asked, {run.Users} users");
        Line(text, $"");
        Line(text, $"| step | /s | ok | errors | p50 ms | p95 | p99 | p99.9 | max |");
        Line(text, $"|---|---|---|---|---|---|---|---|---|");
        foreach (var step in run.Steps)
        {
            var latency = step.Latency;
            Line(text, $"| {step.Name} | {step.Rate:0.0} | {step.Ok} | {step.Errors} | {latency.P50:0.0} | {latency.P95:0.0} | {latency.P99:0.0} | {latency.P999:0.0} | {latency.Max:0.0} |");
        }

        Line(text, $"");
        if (run.EndedEarly) Line(text, $"- **the run was broken off after {run.Seconds:0.0} s**");
        foreach (var (threshold, met) in run.Thresholds) Line(text, $"- {(met ? "met" : "**missed**")}: {threshold}");
        foreach (var (kind, count) in run.Violations) Line(text, $"- **violation**: {kind}, {count} times");
        foreach (var detail in run.ViolationDetails.Take(20)) Line(text, $"  - {detail}");
        Line(text, $"- {run.Violations.Values.Sum()} violations; {run.ComparedAtEnd} lists and counts were compared when the load had ended");
        if (!run.LagMeasured) Line(text, $"- {RunReport.Unmeasured}");
        if (run.Outage is { } outage)
        {
            var after = outage.RecoveredAfter is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.0} s after that") : "not by the end";
            Line(text, $"- {outage.Part} was killed at {outage.KilledAt:0.0} s and was back at {outage.ReturnedAt:0.0} s; the mesh had recovered {after}");
        }

        Line(text, $"");
        Line(text, $"{string.Join("; ", run.Machine.Select(static pair => $"{pair.Key}: {pair.Value}"))}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
