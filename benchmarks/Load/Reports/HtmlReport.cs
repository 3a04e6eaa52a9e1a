using System.Globalization;
using System.Net;
using System.Text;

namespace InstaGrpc.Load.Reports;

/// <summary>A run as one page that needs nothing else: no network, no script.</summary>
internal static class HtmlReport
{
    private static readonly string _style = ReadStyle();

    public static string Write(RunReport run)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        page.Append(Invariant($"<title>{Text(run.Scenario)} {run.At:yyyy-MM-dd HH:mm}</title><style>\n{_style}\n</style></head><body>\n"));
        page.Append(Invariant($"<h1>{Text(run.Scenario)}: <span class=\"{(run.Passed ? "good\">passed" : "bad\">failed")}</span></h1>\n"));
        page.Append(Invariant($"<p class=\"soft\">{run.At:yyyy-MM-dd HH:mm:ss} UTC, {run.Seconds:0} s, {run.AskedRate:0.#}/s asked, {run.Users} users, {run.Processes} process{(run.Processes == 1 ? "" : "es")}<br><code>{Text(run.Command)}</code></p>\n"));
        Tiles(page, run);
        if (run.Outage is { } outage)
        {
            page.Append(Invariant($"<p>{Text(outage.Part)} was killed at {outage.KilledAt:0.0} s and was back at {outage.ReturnedAt:0.0} s; the mesh had recovered "));
            page.Append(outage.RecoveredAfter is { } after ? Invariant($"{after:0.0} s after that.</p>\n") : "<b class=\"bad\">not by the end</b>.</p>\n");
        }

        Faults(page, run);
        Charts(page, run);
        Steps(page, run);
        page.Append("<h2>Where</h2>\n<table>");
        foreach (var (what, value) in run.Machine) page.Append(Invariant($"<tr><td>{Text(what)}</td><td>{Text(value)}</td></tr>"));
        return page.Append("</table>\n</body></html>\n").ToString();
    }

    private static void Tiles(StringBuilder page, RunReport run)
    {
        var hits = run.WholeSeconds.Where(static second => second.HitRate is not null).Select(static second => second.HitRate).DefaultIfEmpty().Average();
        (string Name, string Value, bool Bad)[] tiles =
        [
            ("answered", Invariant($"{run.Whole.Rate:#,##0.#}/s"), false),
            ("errors", Invariant($"{run.Whole.Errors:#,##0}"), run.Whole.Errors > 0),
            ("violations", Invariant($"{run.Violations.Values.Sum():#,##0}"), run.Violations.Count > 0),
            ("p50", Invariant($"{run.Whole.Latency.P50:0.#} ms"), false),
            ("p99", Invariant($"{run.Whole.Latency.P99:0.#} ms"), false),
            ("cache hits", hits is { } rate ? Invariant($"{rate * 100:0.#} %") : "not known", false),
        ];
        page.Append("<div class=\"tiles\">");
        foreach (var (name, value, bad) in tiles) page.Append(Invariant($"<div class=\"tile\">{name}<b{(bad ? " class=\"bad\"" : "")}>{value}</b></div>"));
        page.Append("</div>\n");
    }

    private static void Faults(StringBuilder page, RunReport run)
    {
        page.Append("<ul>");
        if (run.EndedEarly) page.Append(Invariant($"<li class=\"bad\">The run was broken off after {run.Seconds:0.0} s.</li>"));
        foreach (var (threshold, met) in run.Thresholds)
        {
            page.Append(Invariant($"<li class=\"{(met ? "good" : "bad")}\">{(met ? "met" : "MISSED")}: {Text(threshold)}</li>"));
        }

        foreach (var (kind, count) in run.Violations) page.Append(Invariant($"<li class=\"bad\">{Text(kind)}: {count} times</li>"));
        foreach (var detail in run.ViolationDetails.Take(20)) page.Append(Invariant($"<li>{Text(detail)}</li>"));
        page.Append(Invariant($"<li>{run.ComparedAtEnd:#,##0} lists and counts were compared when the load had ended</li>"));
        if (!run.LagMeasured) page.Append(Invariant($"<li class=\"bad\">{Text(RunReport.Unmeasured)}</li>"));
        page.Append("</ul>\n");
    }

    private static void Charts(StringBuilder page, RunReport run)
    {
        RunSecond[] whole = [.. run.WholeSeconds];
        double[] seconds = [.. whole.Select(static second => second.Second + 1.0)];
        SvgChart.Series Line(string name, string colour, Func<RunSecond, double?> value) => new(name, colour, [.. whole.Select(value)]);
        double? Answered(RunSecond second, double ms) => second.Ok > 0 ? ms : null;
        (double, string)[] marks = run.Outage is { } outage ? [(outage.KilledAt, $"{outage.Part} killed"), (outage.ReturnedAt, "back")] : [];
        page.Append("<main>\n").Append(SvgChart.Lines(
            "rate", "Rate", "/s", seconds,
            [Line("answered", "c1", static second => second.Ok), Line("errors", "c2", static second => second.Errors)], marks, 10));
        page.Append(SvgChart.Lines(
            "latency", "Latency from the intended start", "ms", seconds,
            [
                Line("p50", "c1", second => Answered(second, second.P50)), Line("p95", "c2", second => Answered(second, second.P95)),
                Line("p99", "c3", second => Answered(second, second.P99)),
            ],
            marks, 10));
        page.Append(SvgChart.Histogram("histogram", "Latency, how often", run.Whole.Histogram));
        page.Append(SvgChart.Lines(
            "hits", "Cache hits", "%", seconds, [Line("hits", "c4", static second => second.HitRate * 100)], marks, 100));
        page.Append(SvgChart.Lines("lag", "Lag of the change stream", "ms", seconds,
            [Line("memcached", "c3", static second => second.LagMs), Line("counts", "c2", static second => second.CountsLagMs)], marks, 50));
        page.Append(SvgChart.Lines(
            "queries", "Commands to PostgreSQL", "/s", seconds, [Line("commands", "c1", static second => second.QueriesPerSecond)], marks, 10)).Append("</main>\n");
    }

    private static void Steps(StringBuilder page, RunReport run)
    {
        page.Append("<h2>Steps</h2>\n<div class=\"wide\"><table><tr><th>step</th><th>/s</th><th>ok</th><th>errors</th><th>p50</th><th>p95</th><th>p99</th><th>p99.9</th><th>max ms</th></tr>");
        foreach (var step in run.Steps)
        {
            page.Append(Invariant(
                $"<tr><td>{Text(step.Name)}</td><td>{step.Rate:#,##0.0}</td><td>{step.Ok:#,##0}</td><td>{step.Errors:#,##0}</td><td>{step.Latency.P50:0.0}</td><td>{step.Latency.P95:0.0}</td><td>{step.Latency.P99:0.0}</td><td>{step.Latency.P999:0.0}</td><td>{step.Latency.Max:0.0}</td></tr>"));
        }

        page.Append("</table></div>\n");
        var codes = run.Whole.Codes;
        if (codes.Count > 0) page.Append(Invariant($"<p>Errors: {Text(string.Join(", ", codes.Select(static code => $"{code.Key} {code.Value}")))}</p>\n"));
    }

    private static string ReadStyle()
    {
        using var reader = new StreamReader(typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
