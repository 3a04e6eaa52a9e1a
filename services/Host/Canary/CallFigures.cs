using System.Globalization;
using System.Text.RegularExpressions;

namespace InstaGrpc.Host.Canary;

/// <summary>What one or more processes say of the calls that they served, by their <c>/metrics</c>: sums since they began.</summary>
internal sealed partial class CallFigures
{
    // What the mesh is to blame for, as in the alert rules; NotFound and the like are answers.
    private static readonly HashSet<string> _failures = ["Internal", "Unknown", "Unavailable", "DeadlineExceeded", "DataLoss"];

    private readonly SortedDictionary<double, double> _buckets = [];

    public double Calls { get; private set; }

    public double Failures { get; private set; }

    /// <summary>Share of the calls that failed; 0 without calls.</summary>
    public double FailureRate => Calls > 0 ? Failures / Calls : 0;

    /// <summary>Adds what a process shows, in Prometheus' text format.</summary>
    public void Add(string metrics)
    {
        foreach (var sample in Sample().Matches(metrics).Cast<Match>())
        {
            var value = double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);
            if (sample.Groups["part"].Value == "count")
            {
                Calls += value;
                if (_failures.Contains(Code().Match(sample.Groups["labels"].Value).Groups[1].Value)) Failures += value;
            }
            else if (!Lasting().IsMatch(sample.Groups["labels"].Value))
            {
                var bound = Bound().Match(sample.Groups["labels"].Value).Groups[1].Value;
                var key = bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture);
                _buckets[key] = _buckets.GetValueOrDefault(key) + value;
            }
        }
    }

    /// <summary>Adds what others, or another life of the same process, have.</summary>
    public void Add(CallFigures others)
    {
        (Calls, Failures) = (Calls + others.Calls, Failures + others.Failures);
        foreach (var (bound, count) in others._buckets) _buckets[bound] = _buckets.GetValueOrDefault(bound) + count;
    }

    /// <summary>Whether something has become less, as counters of one life of a process never do.</summary>
    public bool IsBehind(CallFigures before) => Calls < before.Calls || Failures < before.Failures
        || before._buckets.Any(bucket => _buckets.GetValueOrDefault(bucket.Key) < bucket.Value);

    /// <summary>What came after an earlier look.</summary>
    public CallFigures Since(CallFigures before)
    {
        var since = new CallFigures { Calls = Calls - before.Calls, Failures = Failures - before.Failures };
        foreach (var (bound, count) in _buckets) since._buckets[bound] = count - before._buckets.GetValueOrDefault(bound);
        return since;
    }

    /// <summary>Seconds that this share of the calls takes at most, straight between the bounds of its bucket, as Prometheus' histogram_quantile does it;
    /// null without calls.</summary>
    public double? Quantile(double share)
    {
        var total = _buckets.GetValueOrDefault(double.PositiveInfinity);
        if (total <= 0) return null;
        var rank = share * total;
        var (below, bound) = (0.0, 0.0);
        foreach (var (upper, count) in _buckets)
        {
            if (count >= rank) return double.IsPositiveInfinity(upper) ? bound : bound + ((upper - bound) * (rank - below) / (count - below));
            (below, bound) = (count, upper);
        }
        return bound;
    }

    [GeneratedRegex("^insta_rpc_duration_seconds_(?<part>bucket|count)\\{(?<labels>[^}]*)\\} (?<value>[0-9.eE+-]+)", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("code=\"([^\"]*)\"")]
    private static partial Regex Code();

    [GeneratedRegex("le=\"([^\"]*)\"")]
    private static partial Regex Bound();

    // Calls that last as long as their client wants.
    [GeneratedRegex("method=\"[^\"]*/(Watch[^\"]*|Notifications|Upload|ServerReflectionInfo)\"")]
    private static partial Regex Lasting();
}
