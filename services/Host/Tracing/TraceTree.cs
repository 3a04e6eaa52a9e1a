using System.Globalization;

namespace InstaGrpc.Host.Tracing;

/// <summary>A trace as lines: when each span began, how long it took, what it was, below what began it.</summary>
internal static class TraceTree
{
    /// <summary>What is told of a span beside its name, if it has it, and under which short name.</summary>
    private static readonly (string Tag, string Short)[] _told =
    [
        ("insta.caller.kind", "caller"), ("insta.node", "node"), ("insta.shard", "shard"), ("insta.cache.level", "cache"),
        ("insta.cache.uncached_reason", "because"), ("insta.method", "method"), ("insta.cache.lease", "lease"), ("insta.fanout.tier", "tier"),
        ("insta.fanout.followers", "followers"), ("messaging.batch.message_count", "records"), ("insta.keys", "keys"), ("insta.position", "position"),
        ("server.address", "server"), ("http.response.status_code", "status"),
    ];

    private const int MostOfAQuery = 60;

    /// <summary>The span and all that it began, of the spans of its trace.</summary>
    public static IReadOnlyList<TracedSpan> Below(TracedSpan top, IReadOnlyList<TracedSpan> trace)
    {
        var children = Children(trace);
        List<TracedSpan> below = [];
        Add(top);
        return below;

        void Add(TracedSpan span)
        {
            below.Add(span);
            foreach (var child in children[span.Id]) Add(child);
        }
    }

    /// <param name="spans">Of one trace.</param>
    /// <param name="zero">The time that the lines count from, µs since 1970.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<TracedSpan> spans, long zero)
    {
        var ids = spans.Select(static span => span.Id).ToHashSet(StringComparer.Ordinal);
        var children = Children(spans);
        var tops = spans.Where(span => span.Parent is null || !ids.Contains(span.Parent)).OrderBy(static span => span.Start);
        return tops.SelectMany(top => Lines(top, children, zero, "", ""));
    }

    private static IEnumerable<string> Lines(
        TracedSpan span, ILookup<string, TracedSpan> children, long zero, string indent, string branch)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{(span.Start - zero) / 1000.0,10:0.00} ms {span.Duration / 1000.0,10:0.00} ms  {indent}{branch}{span.Name}{Told(span)}");
        var below = children[span.Id].OrderBy(static child => child.Start).ToArray();
        var inner = indent + (branch.Length == 0 ? "" : branch == "└ " ? "  " : "│ ");
        for (var i = 0; i < below.Length; i++)
        {
            foreach (var line in Lines(below[i], children, zero, inner, i == below.Length - 1 ? "└ " : "├ ")) yield return line;
        }
    }

    private static ILookup<string, TracedSpan> Children(IReadOnlyList<TracedSpan> spans) =>
        spans.Where(static span => span.Parent is not null).ToLookup(static span => span.Parent!, StringComparer.Ordinal);

    private static string Told(TracedSpan span)
    {
        List<string> told = [span.Service];
        if (span.Tag("rpc.grpc.status_code") is { } code && code != "0") told.Add($"code={code}");
        if (span.Tag("error") == "true") told.Add("ERROR");
        told.AddRange(_told.Where(tag => span.Tag(tag.Tag) is { Length: > 0 }).Select(tag => $"{tag.Short}={span.Tag(tag.Tag)}"));
        if (span.Tag("db.query.text") is { } query)
        {
            var line = string.Join(' ', query.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries));
            told.Add(line.Length <= MostOfAQuery ? line : line[..MostOfAQuery] + "…");
        }
        return $"  [{string.Join(' ', told)}]";
    }
}
