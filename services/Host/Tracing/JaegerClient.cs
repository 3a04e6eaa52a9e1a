using System.Globalization;
using System.Net;
using System.Text.Json;

namespace InstaGrpc.Host.Tracing;

/// <summary>Reads traces through Jaeger's query API.</summary>
internal sealed class JaegerClient(Uri address) : IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Its spans; none: Jaeger does not have it.</summary>
    /// <exception cref="UsageException">Jaeger can't be reached.</exception>
    public async Task<IReadOnlyList<TracedSpan>> TraceAsync(string id, CancellationToken ct) =>
        [.. (await GetAsync($"/api/traces/{id}", ct)).SelectMany(TracedSpan.Read)];

    public async Task<IReadOnlyList<string>> ServicesAsync(CancellationToken ct) => Names(await GetAsync("/api/services", ct));

    public async Task<IReadOnlyList<string>> OperationsAsync(string service, CancellationToken ct) =>
        Names(await GetAsync($"/api/services/{Uri.EscapeDataString(service)}/operations", ct));

    /// <summary>The traces that hold such a span, each whole.</summary>
    /// <param name="service">Whose.</param>
    /// <param name="operation">Its name.</param>
    /// <param name="from">µs since 1970.</param>
    /// <param name="to">µs since 1970.</param>
    /// <param name="most">How many traces at most, the newest.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<IReadOnlyList<IReadOnlyList<TracedSpan>>> FindAsync(
        string service, string operation, long from, long to, int most, CancellationToken ct) => [.. (await GetAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"/api/traces?service={Uri.EscapeDataString(service)}&operation={Uri.EscapeDataString(operation)}&start={from}&end={to}&limit={most}"),
            ct)).Select(TracedSpan.Read)];

    public void Dispose() => _client.Dispose();

    private static IReadOnlyList<string> Names(IEnumerable<JsonElement> data) => [.. data.Select(static name => name.GetString()!)];

    private async Task<IEnumerable<JsonElement>> GetAsync(string path, CancellationToken ct)
    {
        try
        {
            using var answer = await _client.GetAsync(path, ct);
            if (answer.StatusCode == HttpStatusCode.NotFound) return [];
            answer.EnsureSuccessStatusCode();
            using var document = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(ct), cancellationToken: ct);
            var data = document.RootElement.GetProperty("data");
            return data.ValueKind == JsonValueKind.Array ? [.. data.EnumerateArray().Select(static item => item.Clone())] : [];
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException
            || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            throw new UsageException($"Jaeger does not answer at {_client.BaseAddress} ({e.Message}): give its query address with --jaeger URL");
        }
    }
}
