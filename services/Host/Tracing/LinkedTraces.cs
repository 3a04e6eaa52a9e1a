namespace InstaGrpc.Host.Tracing;

/// <summary>
/// Finds what was done for a trace by spans that serve many: projector's batches, fan-outs, refills. They are linked to it; Jaeger can't be asked for
/// links, so the spans of those names and that time are looked through.
/// </summary>
internal sealed class LinkedTraces(JaegerClient jaeger, TimeSpan window)
{
    private const int MostOfOneName = 1_500;
    private const int MostFound = 100;

    private static readonly string[] _serving = ["project ", "cache refill", "fan out"];

    private List<(string Service, string Operation)>? _operations;

    /// <summary>Whether there were more spans than are looked through.</summary>
    public bool WasCut { get; private set; }

    /// <summary>The spans that are linked to it, and those linked to the traces that they are in, and so on; each with its trace, by their start.</summary>
    public async Task<IReadOnlyList<(TracedSpan Span, IReadOnlyList<TracedSpan> Trace)>> FindAsync(
        IReadOnlyList<TracedSpan> trace, CancellationToken ct)
    {
        var found = new Dictionary<(string, string), (TracedSpan Span, IReadOnlyList<TracedSpan> Trace)>();
        var next = new Queue<IReadOnlyList<TracedSpan>>([trace]);
        HashSet<(string, string)> known = [.. trace.Select(static span => (span.Trace, span.Id))];
        while (next.TryDequeue(out var causes) && found.Count < MostFound)
        {
            // Of a reader's trace only the refill is done for the write; of a batch's, all of it.
            var spans = causes.Select(static span => (span.Trace, span.Id)).ToHashSet();
            foreach (var other in await AroundAsync(causes, ct))
            {
                foreach (var span in other.Where(span => span.Links.Any(link => spans.Contains(link)) && !known.Contains((span.Trace, span.Id))))
                {
                    var below = TraceTree.Below(span, other);
                    known.UnionWith(below.Select(static child => (child.Trace, child.Id)));
                    found[(span.Trace, span.Id)] = (span, below);
                    next.Enqueue(below);
                }
            }
        }
        return [.. found.Values.OrderBy(static one => one.Span.Start)];
    }

    private async Task<List<IReadOnlyList<TracedSpan>>> AroundAsync(IReadOnlyList<TracedSpan> causes, CancellationToken ct)
    {
        var from = causes.Min(static span => span.Start);
        var to = causes.Max(static span => span.End) + (window.Ticks / TimeSpan.TicksPerMicrosecond);
        List<IReadOnlyList<TracedSpan>> traces = [];
        foreach (var (service, operation) in await OperationsAsync(ct))
        {
            var of = await jaeger.FindAsync(service, operation, from, to, MostOfOneName, ct);
            WasCut |= of.Count == MostOfOneName;
            traces.AddRange(of);
        }
        return traces;
    }

    private async Task<List<(string Service, string Operation)>> OperationsAsync(CancellationToken ct)
    {
        if (_operations is null)
        {
            List<(string Service, string Operation)> operations = [];
            foreach (var service in await jaeger.ServicesAsync(ct))
            {
                operations.AddRange((await jaeger.OperationsAsync(service, ct))
                    .Where(static name => Array.Exists(_serving, serving => name.StartsWith(serving, StringComparison.Ordinal)))
                    .Select(name => (service, name)));
            }
            _operations = operations;
        }
        return _operations;
    }
}
