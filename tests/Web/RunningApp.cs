using System.Globalization;
using System.Text.Json;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Web.Tests;

/// <summary>`insta up` with an empty folder and ports of its own, from its first use on; the web app is that of services/Gateway/wwwroot.</summary>
public sealed class RunningApp : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create();
    private readonly Lazy<Task<string>> _web;
    private InstaProcess? _process;

    public RunningApp() => _web = new(StartAsync);

    /// <summary>The port of 127.0.0.1 where a test may serve pages that the app's server lets call it.</summary>
    public string OtherPort { get; } = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);

    /// <summary>Where it is served: <c>http://host:port</c>.</summary>
    public Task<string> WebAsync() => _web.Value;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<string> StartAsync()
    {
        var data = Path.Combine(_folder.Path, "data");
        Dictionary<string, string> variables = new() { ["INSTA__GRPCWEB__ORIGINS__0"] = $"http://127.0.0.1:{OtherPort}" };
        _process = InstaProcess.Start(variables, "up", "--no-demo", "--grpc-port", "0", "--web-port", "0", "--data", data);
        await _process.LineAsync("ready in ");
        using var endpoints = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(data, "endpoints.json")));
        return $"http://{endpoints.RootElement.GetProperty("web").GetString()}";
    }
}
