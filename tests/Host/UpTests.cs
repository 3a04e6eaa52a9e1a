using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using InstaGrpc.Postgres;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Host.Tests;

public sealed class UpTests : IDisposable
{
    private static readonly TimeSpan _stopLimit = TimeSpan.FromSeconds(10);

    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ItTellsWhereEverythingIsAndSaysWhenItIsReady()
    {
        await using var insta = Up();
        var ready = await insta.LineAsync("ready in ");

        Assert.Matches(@"^ready in \d+\.\d s$", ready);
        var output = string.Join('\n', insta.Output);
        Assert.Contains("role", output);
        Assert.Contains("embedded broker is for evaluation and keeps no data", output);
        Assert.Contains("psql 'postgresql://", output);
        Assert.Contains("grpcurl -plaintext 127.0.0.1:", output);
        Assert.Contains("insta-caller: ", output);

        using var endpoints = ReadEndpoints();
        string[] keys = ["grpc", "web", "postgres", "memcached", "kafka", "otlp"];
        Assert.All(keys, key => Assert.True(endpoints.RootElement.TryGetProperty(key, out _), key));
        await using var connection = new NpgsqlConnection(
            PostgresAddress.Parse(endpoints.RootElement.GetProperty("postgres")[0].GetString()!).ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        using var http = new HttpClient();
        Assert.Equal("ok", await http.GetStringAsync($"http://{endpoints.RootElement.GetProperty("web").GetString()}/healthz"));

        var (code, status) = await InstaProcess.RunAsync("status", "--data", Data);
        Assert.Equal(0, code);
        Assert.Contains($"process {insta.Id} runs on", status);
        Assert.DoesNotContain(new Uri(endpoints.RootElement.GetProperty("postgres")[0].GetString()!).UserInfo.Split(':')[1], status);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task ASignalStopsEverythingThatItStarted(string signal)
    {
        await using var insta = Up();
        await insta.LineAsync("ready in ");
        var ports = Ports();

        var watch = Stopwatch.StartNew();
        await insta.SignalAsync(signal);
        Assert.Equal(0, await insta.ExitAsync());

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, _stopLimit);
        Assert.All(ports, port => Assert.False(Answers(port), $"something still answers on port {port}"));
        Assert.False(File.Exists(Path.Combine(Data, "endpoints.json")));
    }

    [Fact]
    public async Task ASignalWhileItIsBusyLetsACallEndAndStopsEverythingInTime()
    {
        await using var insta = Up();
        await insta.LineAsync("ready in ");
        using var endpoints = ReadEndpoints();
        await using var mesh = await BusyMesh.BeginAsync(endpoints, readers: 64);
        var ports = Ports();
        await using var locked = await mesh.LockAsync("comments");
        var comment = mesh.CommentAsync();
        await locked.WaitedForAsync();

        var watch = Stopwatch.StartNew();
        await insta.SignalAsync("TERM");
        await mesh.NotReadyAsync();
        await locked.LetGoAsync();
        await comment;
        Assert.Equal(0, await insta.ExitAsync());

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, _stopLimit);
        Assert.All(ports, port => Assert.False(Answers(port), $"something still answers on port {port}"));
    }

    [Fact]
    public async Task ASignalDuringTheDemoStopsWithoutAWordOfComplaint()
    {
        await using var insta = InstaProcess.Start(null, "up", "--grpc-port", "0", "--web-port", "0", "--data", Data);
        await insta.LineAsync("demo ...");

        await insta.SignalAsync("INT");
        var code = await insta.ExitAsync();

        var output = string.Join('\n', insta.Output);
        Assert.True(code == 0, output);
        Assert.Contains("demo         stopped after", output);
        Assert.DoesNotContain("insta:", output);
        Assert.DoesNotContain("Warning", output);
        Assert.DoesNotContain("Error", output);
    }

    [Fact]
    public async Task AKilledRunLeavesNothingThatStopsTheNextStart()
    {
        await using var killed = Up();
        await killed.LineAsync("ready in ");
        await killed.SignalAsync("KILL");
        await killed.ExitAsync();

        await using var next = Up();
        await next.LineAsync("ready in ");
    }

    [Fact]
    public async Task TheKernelStopsTheServersOfAKilledRun()
    {
        await using var insta = Up();
        await insta.LineAsync("ready in ");
        var ports = Ports();

        await insta.SignalAsync("KILL");
        await insta.ExitAsync();

        var waited = Stopwatch.StartNew();
        while (ports.Any(Answers) && waited.Elapsed < TimeSpan.FromSeconds(60)) await Task.Yield();
        Assert.All(ports, port => Assert.False(Answers(port), $"something still answers on port {port}"));
    }

    [Fact]
    public async Task TwoCopiesRunSideBySideAndAThirdOnTheSameFolderIsRefused()
    {
        await using var first = Up();
        await using var second = Up("second");
        await first.LineAsync("ready in ");
        await second.LineAsync("ready in ");

        var (code, output) = await InstaProcess.RunAsync("up", "--grpc-port", "0", "--web-port", "0", "--data", Data);

        Assert.Equal(2, code);
        Assert.Equal(1, output.Count(c => c == '\n') + 1);
        Assert.Contains($"process {first.Id} runs on", output);
        Assert.Contains("--data", output);
    }

    [Theory]
    [InlineData("--grpc-port")]
    [InlineData("--web-port")]
    public async Task ATakenPortIsOneLineThatSaysByWhomAndWhatToDo(string flag)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        string[] other = flag == "--grpc-port" ? ["--web-port", "0"] : ["--grpc-port", "0"];

        var (code, output) = await InstaProcess.RunAsync(["up", flag, port, .. other, "--data", Data]);

        Assert.Equal(2, code);
        Assert.DoesNotContain('\n', output);
        Assert.Contains($"port {port}", output);
        Assert.Contains($"process {Environment.ProcessId}", output);
        Assert.Contains(flag, output);
    }

    [Fact]
    public async Task DownStopsARunAndResetDeletesItsData()
    {
        await using var insta = Up();
        await insta.LineAsync("ready in ");

        var (down, told) = await InstaProcess.RunAsync("down", "--data", Data);
        Assert.True(down == 0, told);
        Assert.Contains("stopped", told);
        var code = await insta.ExitAsync();
        Assert.True(code == 0, $"{code}: {string.Join('\n', insta.Output)}");
        Assert.True(File.Exists(Path.Combine(Data, "postgres", "PG_VERSION")));

        Assert.Equal(1, (await InstaProcess.RunAsync("status", "--data", Data)).Code);
        var (reset, deleted) = await InstaProcess.RunAsync("reset", "--data", Data);
        Assert.True(reset == 0, deleted);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task ResetDeletesNoFolderOfOthers()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "holiday.jpg"), "x");

        var (code, output) = await InstaProcess.RunAsync("reset", "--data", Data);

        Assert.Equal(2, code);
        Assert.Contains("nothing was deleted", output);
        Assert.True(File.Exists(Path.Combine(Data, "holiday.jpg")));
    }

    [Fact]
    public async Task APostgresThatCannotBeReachedIsOneLine()
    {
        var (code, output) = await InstaProcess.RunAsync(
            "up", "--grpc-port", "0", "--web-port", "0", "--data", Data,
            "--postgres", "postgres://u:hidden@127.0.0.1:1/db", "--memcached", "127.0.0.1:1", "--kafka", "127.0.0.1:1");

        Assert.Equal(2, code);
        Assert.Contains("127.0.0.1:1/db", output);
        Assert.DoesNotContain("hidden", output);
    }

    private string Data => DataOf("first");

    private string DataOf(string name) => Path.Combine(_folder.Path, name);

    private InstaProcess Up(string name = "first") =>
        InstaProcess.Start(null, "up", "--no-demo", "--grpc-port", "0", "--web-port", "0", "--data", DataOf(name));

    private JsonDocument ReadEndpoints() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "endpoints.json")));

    private List<int> Ports()
    {
        using var endpoints = ReadEndpoints();
        var root = endpoints.RootElement;
        JsonElement[] others = [root.GetProperty("memcached")[0], root.GetProperty("kafka"), root.GetProperty("grpc")];
        return
        [
            new Uri(root.GetProperty("postgres")[0].GetString()!).Port,
            .. others.Select(address => address.GetString()!)
                .Select(address => int.Parse(address.AsSpan(address.LastIndexOf(':') + 1), CultureInfo.InvariantCulture)),
        ];
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
