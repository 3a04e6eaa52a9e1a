using System.CommandLine;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Lifecycle;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta status</c></summary>
internal static class StatusCommand
{
    private const int _notRunning = 1;

    public static Command Create()
    {
        var data = UpCommand.DataOption();
        var command = new Command("status", """
            Tell whether `insta up` runs on the data folder, where its parts are and whether it is ready.
            Exit code 1: it does not run or is not ready.
            """) { data };
        command.SetAction((parsed, ct) => RunAsync(new DataFolder(parsed.GetValue(data)!), ct));
        return command;
    }

    private static async Task<int> RunAsync(DataFolder data, CancellationToken ct)
    {
        if (FolderOwnership.OwnerOf(data.Path) is not { } owner)
        {
            Console.WriteLine($"nothing runs on {data.Path}");
            return _notRunning;
        }
        if (EndpointsFile.TryRead(data.EndpointsFile) is not { } endpoints)
        {
            Console.WriteLine($"process {owner} is starting or stopping on {data.Path}");
            return _notRunning;
        }
        var ready = await IsReadyAsync(endpoints.Web, ct);
        Console.WriteLine($"process {owner} runs on {data.Path}: {(ready ? "ready" : "not ready")}");
        TextTable.Write(Console.Out, ["part", "address"],
        [
            ["grpc", endpoints.Grpc], ["web", endpoints.Web],
            .. endpoints.Postgres.Select(url => (string[])["postgres", Configuration.ConfigurationReport.Masked("postgres", url)]),
            .. endpoints.Memcached.Select(server => (string[])["memcached", server]),
            ["kafka", endpoints.Kafka], ["otlp", endpoints.Otlp.Length > 0 ? endpoints.Otlp : "-"],
        ]);
        return ready ? 0 : _notRunning;
    }

    private static async Task<bool> IsReadyAsync(string web, CancellationToken ct)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await client.GetAsync($"http://{web}/readyz", ct);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
