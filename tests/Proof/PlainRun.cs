using System.Text.Json;
using InstaGrpc.Integration.Tests;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Proof.Tests;

/// <summary>`insta up` with nothing but a folder and free ports: its own servers, its demo, and the deadlines and timeouts that everybody has.</summary>
internal sealed class PlainRun : MeshUnderTest, IAsyncDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();
    private readonly InstaProcess _process;
    private string _web = "";

    private PlainRun() => _process = InstaProcess.StartProgram(
        InstaProgram.Built.File, null, "up", "--grpc-port", "0", "--web-port", "0", "--data", Data);

    public string Data => Path.Combine(_folder.Path, "data");

    public override IEnumerable<Uri> Webs => [new Uri(_web)];

    public static async Task<PlainRun> StartAsync()
    {
        var run = new PlainRun();
        try
        {
            await run.FindAsync();
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task FindAsync()
    {
        await _process.LineAsync("ready in ");
        using var endpoints = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "endpoints.json")));
        _web = $"http://{endpoints.RootElement.GetProperty("web").GetString()}";
        var settings = JsonSerializer.Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(Path.Combine(Data, "settings.json")))!;
        var nodes = settings.Where(static pair => pair.Key.EndsWith(":Primary", StringComparison.Ordinal))
            .ToDictionary(static pair => pair.Key.Split(':')[^2], static pair => pair.Value);
        var grpc = $"http://{endpoints.RootElement.GetProperty("grpc").GetString()}";
        Connect("", settings["Insta:Postgres:Directory"], nodes, settings["Insta:Memcached:Servers"].Split(','), _ => grpc);
    }
}
