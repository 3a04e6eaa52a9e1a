using System.Text.Json;

namespace InstaGrpc.Host.Tracing;

/// <summary>A span as Jaeger tells it.</summary>
/// <param name="Trace">Its trace, 32 hexadecimal digits.</param>
/// <param name="Id">Its own, 16.</param>
/// <param name="Parent">Its parent in the same trace; null: it has none.</param>
/// <param name="Service">The process's <c>service.name</c>.</param>
/// <param name="Name">What it did.</param>
/// <param name="Start">µs since 1970.</param>
/// <param name="Duration">µs.</param>
/// <param name="Links">Spans of other traces that it serves.</param>
/// <param name="Tags">Its attributes.</param>
internal sealed record TracedSpan(
    string Trace, string Id, string? Parent, string Service, string Name, long Start, long Duration,
    IReadOnlyList<(string Trace, string Span)> Links, IReadOnlyDictionary<string, string> Tags)
{
    public long End => Start + Duration;

    public string? Tag(string name) => Tags.GetValueOrDefault(name);

    /// <summary>The spans of one trace of Jaeger's answer.</summary>
    public static IReadOnlyList<TracedSpan> Read(JsonElement trace)
    {
        var services = trace.GetProperty("processes").EnumerateObject().ToDictionary(
            static process => process.Name, static process => process.Value.GetProperty("serviceName").GetString()!, StringComparer.Ordinal);
        return [.. trace.GetProperty("spans").EnumerateArray().Select(span => Read(span, services))];
    }

    private static TracedSpan Read(JsonElement span, Dictionary<string, string> services)
    {
        // Jaeger leaves zeros in front out.
        var trace = span.GetProperty("traceID").GetString()!.PadLeft(32, '0');
        string? parent = null;
        List<(string, string)> links = [];
        foreach (var reference in span.GetProperty("references").EnumerateArray())
        {
            var to = (Trace: reference.GetProperty("traceID").GetString()!.PadLeft(32, '0'), Span: reference.GetProperty("spanID").GetString()!);
            if (to.Trace == trace && reference.GetProperty("refType").GetString() == "CHILD_OF") parent = to.Span;
            else if (to.Trace != trace) links.Add(to);
        }
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in span.GetProperty("tags").EnumerateArray())
        {
            tags[tag.GetProperty("key").GetString()!] = tag.GetProperty("value").ToString();
        }
        return new TracedSpan(
            trace, span.GetProperty("spanID").GetString()!, parent, services[span.GetProperty("processID").GetString()!],
            span.GetProperty("operationName").GetString()!, span.GetProperty("startTime").GetInt64(), span.GetProperty("duration").GetInt64(), links, tags);
    }
}
