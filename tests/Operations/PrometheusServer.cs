using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>Debian's Prometheus, scraping one process every second and judging the chart's alert rules as often.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TestFolder _folder;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, TestFolder folder, int port)
    {
        (_process, _folder) = (process, folder);
        _client = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };
    }

    /// <param name="target">Whose <c>/metrics</c>.</param>
    /// <param name="rules">Alert rules, as a file's text.</param>
    public static async Task<PrometheusServer> StartAsync(Uri target, string rules)
    {
        var folder = TestFolder.Create();
        var port = LoopbackPort.Free();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "rules.yaml"), rules);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "prometheus.yaml"), $"""
            global: {"{"}scrape_interval: 1s, evaluation_interval: 1s{"}"}
            rule_files: [rules.yaml]
            scrape_configs:
              - job_name: insta
                static_configs: [{"{"}targets: ['{target.Authority}']{"}"}]
            """);
        string[] arguments =
        [
            $"--config.file={Path.Combine(folder.Path, "prometheus.yaml")}", $"--storage.tsdb.path={Path.Combine(folder.Path, "data")}",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), "--log.level=warn",
        ];
        var process = Process.Start(new ProcessStartInfo(ProgramFactAttribute.Find("prometheus")!, arguments) { RedirectStandardError = true })!;
        var server = new PrometheusServer(process, folder, port);
        var said = new StringBuilder();
        process.ErrorDataReceived += (_, line) => said.AppendLine(line.Data);
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(ObservedMesh.Limit);
        while (!await server.IsReadyAsync())
        {
            Assert.False(process.HasExited, said.ToString());
            limit.Token.ThrowIfCancellationRequested();
        }

        return server;
    }

    /// <summary>How many series an expression has at this moment.</summary>
    /// <exception cref="InvalidOperationException">It is no expression; Prometheus' own words.</exception>
    public async Task<int> CountAsync(string expression)
    {
        using var answer = await _client.GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
        var body = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{expression}: {body}");
        }

        using var document = JsonDocument.Parse(body);
        // A share of nothing is NaN, which a panel shows as no data.
        return document.RootElement.GetProperty("data").GetProperty("result").EnumerateArray()
            .Count(static series => series.GetProperty("value")[1].GetString() != "NaN");
    }

    /// <summary>The alerts that fire.</summary>
    public async Task<IReadOnlySet<string>> FiringAsync()
    {
        using var document = JsonDocument.Parse(await _client.GetStringAsync("/api/v1/alerts"));
        return document.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
            .Where(static alert => alert.GetProperty("state").GetString() == "firing")
            .Select(static alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)
            .ToHashSet(StringComparer.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await _client.GetAsync("/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
