using System.Globalization;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Command;

/// <summary>A line a second, for logs.</summary>
internal sealed class PlainDisplay(TextWriter output) : IRunDisplay
{
    public void Say(string line) => output.WriteLine(line);

    public void Begin()
    {
    }

    public void Show(RunSecond second, int violations) => output.WriteLine(Line(second, violations));

    public void End()
    {
    }

    public static string Line(RunSecond second, int violations) => string.Create(
        CultureInfo.InvariantCulture,
        $"{second.Second + 1,4} s  {second.Ok + second.Errors,6}/s  ok {second.Ok}  errors {second.Errors}  p50 {second.P50:0.0}  p95 {second.P95:0.0}  "
        + $"p99 {second.P99:0.0}  max {second.Max:0.0} ms  hits {Percent(second.HitRate)}  lag {Text(second.LagMs, " ms")}  "
        + $"PostgreSQL {Text(second.QueriesPerSecond, "/s")}  violations {violations}");

    public static string Percent(double? share) =>
        share is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known * 100:0.0} %") : "-";

    public static string Text(double? figure, string unit) =>
        figure is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0}{unit}") : "-";
}
