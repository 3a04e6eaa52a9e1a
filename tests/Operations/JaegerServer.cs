using System.Globalization;
using System.Text.Json;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>A Jaeger of a test's own, and what its query API tells.</summary>
internal sealed class JaegerServer : IAsyncDisposable
{
    private readonly InstaProcess _process;
    private readonly HttpClient _client;

    private JaegerServer(InstaProcess process, int query, int otlp)
    {
        _process = process;
        (Address, Otlp) = (Loopback(query), Loopback(otlp));
        _client = new HttpClient { BaseAddress = Address };
    }

    /// <summary>Of its query API.</summary>
    public Uri Address { get; }

    /// <summary>Where it takes spans, over gRPC.</summary>
    public Uri Otlp { get; }

    public static async Task<JaegerServer> StartAsync()
    {
        var (query, otlp) = (LoopbackPort.Free(), LoopbackPort.Free());
        var server = new JaegerServer(
            InstaProcess.StartProgram(
                Path.Combine(Checkout.FindTool("jaeger")!, "bin", "jaeger-up"), null,
                [.. new[] { query, otlp, LoopbackPort.Free() }.Select(static port => port.ToString(CultureInfo.InvariantCulture))]),
            query, otlp);
        using var limit = new CancellationTokenSource(ServingMesh.Limit);
        while (!await server.IsReadyAsync(limit.Token)) limit.Token.ThrowIfCancellationRequested();
        return server;
    }

    /// <summary>The spans of a trace; none: it is not there (yet).</summary>
    public Task<IReadOnlyList<ReceivedSpan>> TraceAsync(string id) => SpansAsync($"/api/traces/{id}");

    /// <summary>All spans of the traces of the last hour in which there is a span of this name.</summary>
    public async Task<IReadOnlyList<ReceivedSpan>> TracesWithAsync(string service, string name)
    {
        using var names = JsonDocument.Parse(await _client.GetStringAsync($"/api/services/{service}/operations"));
        List<ReceivedSpan> spans = [];
        foreach (var operation in names.RootElement.GetProperty("data").EnumerateArray().Select(static one => one.GetString()!))
        {
            if (operation.StartsWith(name, StringComparison.Ordinal))
            {
                spans.AddRange(await SpansAsync($"/api/traces?service={service}&operation={Uri.EscapeDataString(operation)}&limit=1500"));
            }
        }
        return spans;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<IReadOnlyList<ReceivedSpan>> SpansAsync(string path)
    {
        using var answer = await _client.GetAsync(path);
        if (!answer.IsSuccessStatusCode) return [];
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return [.. document.RootElement.GetProperty("data").EnumerateArray()
            .SelectMany(static trace => trace.GetProperty("spans").EnumerateArray()).Select(Read)];
    }

    private static ReceivedSpan Read(JsonElement span)
    {
        var trace = Text(span, "traceID").PadLeft(32, '0');
        var references = span.GetProperty("references").EnumerateArray()
            .Select(static one => (
                Trace: Text(one, "traceID").PadLeft(32, '0'), Span: Text(one, "spanID"), IsParent: Text(one, "refType") == "CHILD_OF")).ToArray();
        var tags = span.GetProperty("tags").EnumerateArray()
            .GroupBy(static tag => Text(tag, "key")).ToDictionary(static tag => tag.Key, static tag => tag.Last().GetProperty("value").ToString());
        return new ReceivedSpan(
            trace, Text(span, "spanID"), references.FirstOrDefault(one => one.IsParent && one.Trace == trace).Span ?? "", Text(span, "operationName"),
            tags.GetValueOrDefault("error") == "True", tags,
            [.. references.Where(one => one.Trace != trace).Select(static one => (one.Trace, one.Span))]);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    private async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await _client.GetAsync("/api/services", ct);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
