using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>
/// Metrics as text: the Prometheus exposition format 0.0.4, or OpenMetrics 1.0 with exemplars. Names follow OpenTelemetry's rules for
/// Prometheus: dots become underscores, the unit is appended, counters end in _total.
/// </summary>
internal sealed class MetricText(bool openMetrics)
{
    private readonly StringBuilder _text = new(16 * 1024);
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);

    public void Add(Metric metric)
    {
        var type = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => "counter",
            MetricType.Histogram => "histogram",
            MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => "gauge",
            _ => null,
        };
        if (type is null)
        {
            return;
        }

        var family = FamilyOf(metric.Name, metric.Unit);
        var sample = type == "counter" ? family + "_total" : family;
        var declared = openMetrics ? family : sample;
        if (_families.Add(declared))
        {
            if (metric.Description.Length > 0)
            {
                _text.Append("# HELP ").Append(declared).Append(' ').Append(Escape(metric.Description, quotes: openMetrics)).Append('\n');
            }

            _text.Append("# TYPE ").Append(declared).Append(' ').Append(type).Append('\n');
        }

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            switch (metric.MetricType)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    Sample(sample, point, null, Number(point.GetSumLong()));
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    Sample(sample, point, null, Number(point.GetSumDouble()));
                    break;
                case MetricType.LongGauge:
                    Sample(sample, point, null, Number(point.GetGaugeLastValueLong()));
                    break;
                case MetricType.DoubleGauge:
                    Sample(sample, point, null, Number(point.GetGaugeLastValueDouble()));
                    break;
                case MetricType.Histogram:
                    Histogram(family, point);
                    break;
            }
        }
    }

    public string End()
    {
        if (openMetrics)
        {
            _text.Append("# EOF\n");
        }

        return _text.ToString();
    }

    /// <summary>"insta.rpc.duration" in "s" is "insta_rpc_duration_seconds".</summary>
    internal static string FamilyOf(string name, string? unit)
    {
        var family = new StringBuilder(name.Length + 8);
        foreach (var c in name)
        {
            family.Append(char.IsAsciiLetterOrDigit(c) || c == ':' ? c : '_');
        }

        var suffix = unit switch
        {
            null or "" or "1" => null,
            ['{', ..] => null,
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "%" => "percent",
            _ => unit.Contains('/', StringComparison.Ordinal) ? null : unit,
        };
        var text = family.ToString();
        if (suffix is not null && !text.EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            text += "_" + suffix;
        }

        return text.EndsWith("_total", StringComparison.Ordinal) ? text[..^6] : text;
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : double.IsNaN(value) ? "NaN"
        : value.ToString(CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private void Histogram(string family, in MetricPoint point)
    {
        point.TryGetExemplars(out var exemplars);
        long cumulative = 0;
        var lower = double.NegativeInfinity;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            var line = Sample(family + "_bucket", point, Number(bucket.ExplicitBound), Number(cumulative), end: false);
            if (openMetrics)
            {
                foreach (ref readonly var exemplar in exemplars)
                {
                    if (exemplar.DoubleValue > lower && exemplar.DoubleValue <= bucket.ExplicitBound && exemplar.TraceId != default)
                    {
                        line.Append(" # {trace_id=\"").Append(exemplar.TraceId.ToHexString()).Append("\",span_id=\"")
                            .Append(exemplar.SpanId.ToHexString()).Append("\"} ").Append(Number(exemplar.DoubleValue)).Append(' ')
                            .Append((exemplar.Timestamp.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture));
                        break;
                    }
                }
            }

            line.Append('\n');
            lower = bucket.ExplicitBound;
        }

        Sample(family + "_sum", point, null, Number(point.GetHistogramSum()));
        Sample(family + "_count", point, null, Number(point.GetHistogramCount()));
    }

    private StringBuilder Sample(string name, in MetricPoint point, string? bound, string value, bool end = true)
    {
        _text.Append(name);
        var first = true;
        foreach (var tag in point.Tags)
        {
            Label(tag.Key, Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? string.Empty, ref first);
        }

        if (bound is not null)
        {
            Label("le", bound, ref first);
        }

        if (!first)
        {
            _text.Append('}');
        }

        _text.Append(' ').Append(value);
        return end ? _text.Append('\n') : _text;
    }

    private void Label(string key, string value, ref bool first)
    {
        _text.Append(first ? '{' : ',');
        first = false;
        foreach (var c in key)
        {
            _text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        _text.Append("=\"").Append(Escape(value, quotes: true)).Append('"');
    }
}
