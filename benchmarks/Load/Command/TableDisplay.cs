using System.Globalization;
using System.Text;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Command;

/// <summary>A table that is renewed in place, on a terminal: the newest second, and the worst one so far.</summary>
/// <param name="output">A terminal.</param>
/// <param name="scenario">Its name.</param>
/// <param name="duration">How long the run lasts.</param>
internal sealed class TableDisplay(TextWriter output, string scenario, TimeSpan duration) : IRunDisplay
{
    private const string Bold = "\e[1m";
    private const string Red = "\e[31m";
    private const string Plain = "\e[0m";
    private const string ToLineEnd = "\e[K";

    private int _lines;
    private long _ok;
    private long _errors;
    private RunSecond? _worst;

    public void Say(string line) => output.WriteLine(line);

    public void Begin() => _lines = 0;

    public void Show(RunSecond second, int violations)
    {
        (_ok, _errors) = (_ok + second.Ok, _errors + second.Errors);
        if (_worst is null || second.P99 > _worst.P99) _worst = second;
        string[] lines =
        [
            Text($"{Bold}{scenario}{Plain}  {second.Second + 1} of {duration.TotalSeconds:0} s   {Bar((second.Second + 1) / duration.TotalSeconds)}"),
            Text($"  {"",-12}{"now",12}{"worst",12}"),
            Row("rate, /s", second, static one => one.Ok + one.Errors, worst: false),
            Row("p50, ms", second, static one => one.P50, worst: true),
            Row("p95, ms", second, static one => one.P95, worst: true),
            Row("p99, ms", second, static one => one.P99, worst: true),
            Row("max, ms", second, static one => one.Max, worst: true),
            Text($"  {"ok",-12}{_ok,12:#,##0}"),
            Text($"  {"errors",-12}{(_errors > 0 ? Red : "")}{_errors,12:#,##0}{Plain}"),
            Text($"  {"under way",-12}{second.InFlight,12:#,##0}"),
            Text($"  {"cache hits",-12}{PlainDisplay.Percent(second.HitRate),12}"),
            Text($"  {"stream lag",-12}{PlainDisplay.Text(second.LagMs, " ms"),12}"),
            Text($"  {"PostgreSQL",-12}{PlainDisplay.Text(second.QueriesPerSecond, "/s"),12}"),
            Text($"  {"violations",-12}{(violations > 0 ? Red : "")}{violations,12:#,##0}{Plain}"),
        ];
        var screen = new StringBuilder();
        if (_lines > 0) screen.Append(CultureInfo.InvariantCulture, $"\e[{_lines}A");
        foreach (var line in lines) screen.Append(line).Append(ToLineEnd).Append('\n');
        _lines = lines.Length;
        output.Write(screen.ToString());
        output.Flush();
    }

    public void End() => _lines = 0;

    private string Row(string name, RunSecond now, Func<RunSecond, double> figure, bool worst) =>
        Text($"  {name,-12}{figure(now),12:#,##0.0}{(worst ? figure(_worst!) : double.NaN),12:#,##0.0}").Replace("NaN", "   ", StringComparison.Ordinal);

    private static string Bar(double share)
    {
        const int wide = 20;
        var full = (int)Math.Clamp(share * wide, 0, wide);
        return new string('█', full) + new string('░', wide - full);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
