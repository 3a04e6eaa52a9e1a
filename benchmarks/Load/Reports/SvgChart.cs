using System.Globalization;
using System.Net;
using System.Text;

namespace InstaGrpc.Load.Reports;

/// <summary>A chart as SVG: drawn once, readable without a script, as wide as the screen lets it be.</summary>
internal static class SvgChart
{
    private const int Width = 420;
    private const int Height = 220;
    private const int Left = 48;
    private const int Right = 12;
    private const int Top = 14;
    private const int Bottom = 34;

    /// <param name="Name">In the legend.</param>
    /// <param name="Colour">A class of the page's style: c1 to c5.</param>
    /// <param name="Values">One for each x; null: not known, the line has a gap.</param>
    internal sealed record Series(string Name, string Colour, IReadOnlyList<double?> Values);

    /// <summary>Lines over the seconds of a run.</summary>
    /// <param name="id">Of the figure.</param>
    /// <param name="title">Above it.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="seconds">The x of each value.</param>
    /// <param name="series">The lines.</param>
    /// <param name="marks">Vertical lines: when, and what happened.</param>
    /// <param name="atLeast">What the scale shows at least, so that noise does not look like mountains.</param>
    public static string Lines(
        string id, string title, string unit, IReadOnlyList<double> seconds, IReadOnlyList<Series> series, IReadOnlyList<(double At, string What)> marks,
        double atLeast = 0)
    {
        var most = Nice(Math.Max(atLeast, series.SelectMany(static one => one.Values).Max() ?? 0));
        var last = Math.Max(1, seconds.LastOrDefault());
        var svg = Begin(id, title, unit, series);
        Scale(svg, most);
        foreach (var tick in Ticks(last)) XLabel(svg, X(tick, last), $"{tick.ToString("0", CultureInfo.InvariantCulture)} s");
        foreach (var (at, what) in marks)
        {
            svg.Append(Invariant($"<line class=\"mark\" x1=\"{X(at, last):0.#}\" x2=\"{X(at, last):0.#}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>"));
            svg.Append(Invariant($"<text class=\"mark\" x=\"{X(at, last) + 4:0.#}\" y=\"{Top + 10}\">{Text(what)}</text>"));
        }

        foreach (var one in series)
        {
            var path = new StringBuilder();
            var drawing = false;
            for (var at = 0; at < one.Values.Count; at++)
            {
                if (one.Values[at] is not { } value)
                {
                    drawing = false;
                    continue;
                }

                path.Append(Invariant($"{(drawing ? 'L' : 'M')}{X(seconds[at], last):0.#} {Y(value, most):0.#}"));
                drawing = true;
            }

            svg.Append(Invariant($"<path class=\"line {one.Colour}\" d=\"{path}\"/>"));
        }

        return End(svg);
    }

    /// <summary>A histogram with a logarithmic x.</summary>
    /// <param name="id">Of the figure.</param>
    /// <param name="title">Above it.</param>
    /// <param name="buckets">Pairs: up to so many ms, so many.</param>
    public static string Histogram(string id, string title, IReadOnlyList<double[]> buckets)
    {
        const int bars = 48;
        var svg = Begin(id, title, "answers", []);
        if (buckets.Count == 0) return End(svg);
        double low = Math.Log10(Math.Max(0.05, buckets[0][0])), high = Math.Max(low + 0.5, Math.Log10(Math.Max(0.1, buckets[^1][0])));
        var counts = new double[bars];
        foreach (var bucket in buckets)
        {
            counts[Math.Clamp((int)((Math.Log10(Math.Max(0.05, bucket[0])) - low) / (high - low) * bars), 0, bars - 1)] += bucket[1];
        }

        var most = Nice(counts.Max());
        Scale(svg, most);
        var wide = (Width - Left - Right) / (double)bars;
        for (var bar = 0; bar < bars; bar++)
        {
            if (counts[bar] == 0) continue;
            var upTo = Math.Pow(10, low + ((bar + 1) * (high - low) / bars));
            svg.Append(Invariant(
                $"<rect class=\"bar\" x=\"{Left + (bar * wide) + 0.5:0.#}\" y=\"{Y(counts[bar], most):0.#}\" width=\"{wide - 1:0.#}\" height=\"{Math.Max(1, Height - Bottom - Y(counts[bar], most)):0.#}\"><title>{counts[bar]:0} up to {upTo:0.##} ms</title></rect>"));
        }

        for (var power = Math.Ceiling(low); power <= high; power++)
        {
            XLabel(svg, Left + ((power - low) / (high - low) * (Width - Left - Right)), Invariant($"{Math.Pow(10, power):0.##} ms"));
        }

        return End(svg);
    }

    private static StringBuilder Begin(string id, string title, string unit, IReadOnlyList<Series> series)
    {
        var svg = new StringBuilder();
        svg.Append(Invariant($"<figure id=\"{id}\"><figcaption>{Text(title)}{(unit.Length > 0 ? $", {Text(unit)}" : "")}"));
        foreach (var one in series) svg.Append(Invariant($" <span class=\"key {one.Colour}\">{Text(one.Name)}</span>"));
        var label = Text(title) + (unit.Length > 0 ? $", {Text(unit)}" : "");
        svg.Append(Invariant($"</figcaption><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{label}\">"));
        return svg;
    }

    private static string End(StringBuilder svg) => svg.Append("</svg></figure>\n").ToString();

    private static void Scale(StringBuilder svg, double most)
    {
        const int lines = 4;
        for (var line = 0; line <= lines; line++)
        {
            var value = most * line / lines;
            svg.Append(Invariant($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value, most):0.#}\" y2=\"{Y(value, most):0.#}\"/>"));
            svg.Append(Invariant($"<text class=\"y\" x=\"{Left - 6}\" y=\"{Y(value, most) + 4:0.#}\">{value:#,##0.##}</text>"));
        }
    }

    private static void XLabel(StringBuilder svg, double x, string label) =>
        svg.Append(Invariant($"<text class=\"x\" x=\"{Math.Min(x, Width - Right - 8):0.#}\" y=\"{Height - Bottom + 18}\">{Text(label)}</text>"));

    private static double X(double at, double last) => Left + (at / last * (Width - Left - Right));

    private static double Y(double value, double most) => Height - Bottom - (value / most * (Height - Top - Bottom));

    /// <summary>The next of 1, 2, 4, 5 times a power of ten.</summary>
    private static double Nice(double value)
    {
        if (value <= 0 || !double.IsFinite(value)) return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        foreach (var factor in (double[])[1, 2, 4, 5])
        {
            if (value <= factor * power) return factor * power;
        }

        return 10 * power;
    }

    private static IEnumerable<double> Ticks(double last)
    {
        var step = Math.Max(1, Nice(last / 6));
        for (var tick = 0.0; tick <= last; tick += step) yield return tick;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
