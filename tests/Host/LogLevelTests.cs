using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

public sealed class LogLevelTests : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ARunningProcessFollowsTheLevelsOfItsFile()
    {
        var file = Path.Combine(_folder.Path, "insta.json");
        await SetAsync(file, hosting: "Warning", routing: "Warning");
        var web = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Free()}");

        // No server is there: the process starts all the same, and is not ready.
        await using var insta = InstaProcess.Start(
            new Dictionary<string, string>
            {
                ["INSTA_CONFIG"] = file,
                ["INSTA__POSTGRES__DIRECTORY"] = "postgres://u@127.0.0.1:1/d",
                ["INSTA__POSTGRES__NODES__n1__PRIMARY"] = "postgres://u@127.0.0.1:1/n",
            },
            "serve", "--roles", "shardmap", "--grpc", "127.0.0.1:0", "--web", web);
        await insta.LineAsync("serving ");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{web}") };
        await http.GetAsync("/healthz?before");

        await SetAsync(file, hosting: "Information", routing: "Warning");
        await UntilAsync(http, "/healthz?told", () => Lines(insta, "?told") > 0);
        Assert.Equal(0, Lines(insta, "?before"));

        // Both at once: as soon as the second is told, the first is told no more. A request's line comes before those of its endpoint.
        await SetAsync(file, hosting: "Warning", routing: "Information");
        await UntilAsync(http, "/healthz?changing", () => Endpoints(insta, "/healthz") > 0);
        await http.GetAsync("/healthz?after");
        await UntilAsync(http, "/readyz", () => Endpoints(insta, "/readyz") > 0);
        Assert.Equal(0, Lines(insta, "?after"));
    }

    /// <summary>As an editor saves: another file in its place.</summary>
    private static async Task SetAsync(string file, string hosting, string routing)
    {
        await File.WriteAllTextAsync(file + ".new", $$"""
            { "Insta": { "Log": { "LogLevel": {
                "Microsoft.AspNetCore.Hosting": "{{hosting}}", "Microsoft.AspNetCore.Routing.EndpointMiddleware": "{{routing}}" } } } }
            """);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static int Lines(InstaProcess insta, string text) => insta.Output.Count(line => line.Contains(text, StringComparison.Ordinal));

    private static int Endpoints(InstaProcess insta, string name) => insta.Output.Count(
        line => line.Contains("EndpointMiddleware", StringComparison.Ordinal) && line.Contains(name, StringComparison.Ordinal));

    private static async Task UntilAsync(HttpClient http, string path, Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(_limit);
        while (!condition()) await http.GetAsync(path, limit.Token);
    }
}
