using System.Globalization;
using System.Net;
using System.Text;

namespace InstaGrpc.Load.Reports;

/// <summary>A run as one page that needs nothing else: no network, no script.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root{color-scheme:light dark;--text:#1c1e21;--soft:#5d636b;--back:#fff;--card:#f5f6f8;--line:#d5d9de;--c1:#1667c0;--c2:#b3541e;--c3:#8a2a8f;--c4:#2b7a3d;--bad:#b3001b;--good:#1f6b33}
        @media(prefers-color-scheme:dark){:root{--text:#e8eaed;--soft:#a3a9b2;--back:#15171a;--card:#1f2226;--line:#3a3f46;--c1:#6fb1ff;--c2:#ffa56b;--c3:#e28be6;--c4:#7ccf8e;--bad:#ff8a94;--good:#7fd394}}
        *{box-sizing:border-box}body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back)}
        h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}.soft{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.6rem;margin:1rem 0}.tile{background:var(--card);border-radius:.6rem;padding:.6rem .8rem}
        .tile b{display:block;font-size:1.3rem}.bad{color:var(--bad)}.good{color:var(--good)}
        main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:.8rem;margin:1rem 0}figure{margin:0;min-width:0;background:var(--card);border-radius:.6rem;padding:.6rem}figcaption{font-weight:600;font-size:.95rem}
        .key{font-weight:400;white-space:nowrap;margin-left:.6rem}.key::before{content:"";display:inline-block;width:1rem;height:.2rem;margin-right:.3rem;vertical-align:middle;background:currentColor}
        svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,sans-serif;fill:var(--soft)}text.y{text-anchor:end}text.x{text-anchor:middle}
        .grid{stroke:var(--line);stroke-width:1}.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}.bar{fill:var(--c1)}
        line.mark{stroke:var(--bad);stroke-dasharray:4 3}text.mark{fill:var(--bad)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}
        .wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
        th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child{text-align:left}
        li{overflow-wrap:anywhere}
        """;

    public static string Write(RunReport run)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        page.Append(Invariant($"<title>{Text(run.Scenario)} {run.At:yyyy-MM-dd HH:mm}</title><style>\n{Style}\n</style></head><body>\n"));
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
        var hits = run.Timeline.Where(second => second.Second < run.Seconds).Select(static second => second.HitRate).Where(static rate => rate is not null).DefaultIfEmpty().Average();
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
        foreach (var (threshold, met) in run.Thresholds)
        {
            page.Append(Invariant($"<li class=\"{(met ? "good" : "bad")}\">{(met ? "met" : "MISSED")}: {Text(threshold)}</li>"));
        }

        foreach (var (kind, count) in run.Violations) page.Append(Invariant($"<li class=\"bad\">{Text(kind)}: {count} times</li>"));
        foreach (var detail in run.ViolationDetails.Take(20)) page.Append(Invariant($"<li>{Text(detail)}</li>"));
        page.Append(Invariant($"<li>{run.ComparedAtEnd:#,##0} lists and counts were compared when the load had ended</li>"));
        if (!run.LagMeasured) page.Append("<li>The stream's lag was not measured: an answer may have been older by 5 s.</li>");
        page.Append("</ul>\n");
    }

    private static void Charts(StringBuilder page, RunReport run)
    {
        // What ended after the last second is in the totals; a second that is a part would look like a fall.
        RunSecond[] whole = [.. run.Timeline.Where(second => second.Second < run.Seconds)];
        double[] seconds = [.. whole.Select(static second => second.Second + 1.0)];
        SvgChart.Series Line(string name, string colour, Func<RunSecond, double?> value) => new(name, colour, [.. whole.Select(value)]);
        double? Answered(RunSecond second, double ms) => second.Ok > 0 ? ms : null;
        (double, string)[] marks = run.Outage is { } outage ? [(outage.KilledAt, $"{outage.Part} killed"), (outage.ReturnedAt, "back")] : [];
        page.Append("<main>\n").Append(SvgChart.Lines(
            "rate", "Rate", "/s", seconds, [Line("answered", "c1", static second => second.Ok), Line("errors", "c2", static second => second.Errors)], marks, 10));
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
        page.Append(SvgChart.Lines("lag", "Lag of the change stream", "ms", seconds, [Line("memcached", "c3", static second => second.LagMs), Line("counts", "c2", static second => second.CountsLagMs)], marks, 50));
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

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
