using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace InstaGrpc.Load.Mesh;

/// <summary>Looks at a mesh's <c>/ops/state.json</c> and <c>/metrics</c>.</summary>
internal sealed class MeshWatch(string web) : IDisposable
{
    private const string Commands = "db_client_operation_duration_seconds_count";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private (long Hits, long All, double Commands, long At) _last;

    /// <summary>Since the last look; the first one knows nothing.</summary>
    public async Task<MeshFigures> LookAsync()
    {
        if (web.Length == 0) return MeshFigures.Unknown;
        try
        {
            var state = await _http.GetFromJsonAsync<JsonElement>(new Uri(new Uri(web), "/ops/state.json")).ConfigureAwait(false);
            long hits = 0, all = 0;
            foreach (var cache in state.GetProperty("caches").EnumerateArray())
            {
                var from = (string level) => cache.GetProperty(level).GetInt64();
                var hit = from("l1") + from("memcached") + from("stale");
                hits += hit;
                all += hit + from("filled") + from("uncached");
            }

            var metrics = await _http.GetStringAsync(new Uri(new Uri(web), "/metrics")).ConfigureAwait(false);
            var commands = metrics.Split('\n').Where(static line => line.StartsWith(Commands, StringComparison.Ordinal))
                .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
            var now = Stopwatch.GetTimestamp();
            var (last, first) = (_last, _last.At == 0);
            _last = (hits, all, commands, now);
            // Counters of a process that was started anew go back.
            return first || hits < last.Hits || all < last.All || commands < last.Commands ? MeshFigures.Unknown : new MeshFigures(
                all == last.All ? double.NaN : (double)(hits - last.Hits) / (all - last.All),
                (commands - last.Commands) / Stopwatch.GetElapsedTime(last.At, now).TotalSeconds);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or KeyNotFoundException)
        {
            return MeshFigures.Unknown;
        }
    }

    public void Dispose() => _http.Dispose();
}
