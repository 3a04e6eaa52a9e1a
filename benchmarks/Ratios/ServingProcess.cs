using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.Ratios;

/// <summary>A running <c>insta serve</c>.</summary>
internal sealed record ServingProcess(int Id, Uri Grpc, Uri Web)
{
    private static readonly HttpClient _http = new();
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    /// <summary>Waits until it says that it is ready.</summary>
    public async Task ReadyAsync()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using var reply = await _http.GetAsync(new Uri(Web, "/readyz")).ConfigureAwait(false);
            if (reply.IsSuccessStatusCode)
            {
                return;
            }

            if (watch.Elapsed > _limit)
            {
                throw new InvalidOperationException($"insta is not ready: {await reply.Content.ReadAsStringAsync().ConfigureAwait(false)}");
            }

            await Task.Delay(50).ConfigureAwait(false);
        }
    }

    /// <summary>The sum of a counter's samples whose labels have these values, as <c>/metrics</c> shows it.</summary>
    public async Task<long> CountAsync(string counter, params (string Label, string Value)[] labels)
    {
        var text = await _http.GetStringAsync(new Uri(Web, "/metrics")).ConfigureAwait(false);
        return text.Split('\n')
            .Where(line => line.StartsWith(counter + "{", StringComparison.Ordinal)
                && labels.All(label => line.Contains($"{label.Label}=\"{label.Value}\"", StringComparison.OrdinalIgnoreCase)))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
