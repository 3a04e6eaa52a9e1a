using System.Text.Json;
using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Integration.Tests;

/// <summary>
/// Calls from outside, by clients that we did not write: npm's grpc-js, connect-web and grpc-web (tests/Clients, one test here for each file
/// of theirs) and grpcurl.
/// </summary>
public sealed class OutsideClientTests(RunningMesh fixture, ITestOutputHelper output) : IClassFixture<RunningMesh>
{
    private const string Grpcurl = "grpcurl";
    private static readonly string _clients = Path.Combine(Checkout.Root, "tests", "Clients");
    private static readonly Lazy<Task> _packages = new(InstallAsync);

    private readonly RunningMesh _mesh = fixture.Mesh;

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(_clients, "*.test.js").Select(file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task AClientWrittenByOthersGetsWhatTheContractsPromise(string file)
    {
        await _packages.Value;
        string[] services = ["media", "graph", "id", "shardmap", "leasecache", "invalidator"];
        var endpoints = JsonSerializer.Serialize(services.ToDictionary(service => service, _mesh.GrpcOf));

        var printed = await RunAsync(
            "node",
            new() { ["INSTA_ENDPOINTS"] = endpoints, ["INSTA_APP"] = _mesh.GrpcOf("app"), ["INSTA_WEB"] = _mesh.WebOf("app") },
            "--test", "--test-reporter=spec", Path.Combine(_clients, file));

        // Node counts a file without tests as passed.
        Assert.Contains(printed.Split('\n'), line => line.StartsWith("ℹ pass ", StringComparison.Ordinal) && line != "ℹ pass 0");
    }

    [ToolFact(Grpcurl)]
    public async Task GrpcurlListsTheServicesAndCallsThemByReflection()
    {
        var grpcurl = Path.Combine(Checkout.FindTool(Grpcurl)!, "bin", "grpcurl");
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id, "called by grpcurl");

        var services = (await RunAsync(grpcurl, [], "-plaintext", _mesh.GrpcOf("media"), "list")).Split('\n');
        Assert.Superset(
            new HashSet<string> { "insta.media.v1.MediaService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection" }, services.ToHashSet());

        var called = await RunAsync(
            grpcurl, [], "-plaintext", "-H", FormattableString.Invariant($"insta-caller: user:{owner.Id}"),
            "-d", FormattableString.Invariant($$"""{"mediaId": "{{media.Id}}"}"""), _mesh.GrpcOf("media"), "insta.media.v1.MediaService/GetMedia");
        using var answer = JsonDocument.Parse(called);
        Assert.Equal("called by grpcurl", answer.RootElement.GetProperty("media").GetProperty("caption").GetString());

        var described = await RunAsync(grpcurl, [], "-plaintext", _mesh.GrpcOf("media"), "describe", "insta.media.v1.MediaService.GetMedia");
        Assert.Contains("insta.options.v1.policy", described, StringComparison.Ordinal);
    }

    private static async Task InstallAsync()
    {
        if (!File.Exists(Path.Combine(_clients, "node_modules", ".package-lock.json")))
        {
            await using var npm = InstaProcess.StartProgram(
                "npm", null, "--prefix", _clients, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error");
            Assert.True(await npm.ExitAsync() == 0, string.Join('\n', npm.Output));
        }
    }

    private async Task<string> RunAsync(string program, Dictionary<string, string> variables, params string[] arguments)
    {
        await using var process = InstaProcess.StartProgram(program, variables, arguments);
        var code = await process.ExitAsync();
        var printed = string.Join('\n', process.Output);
        Assert.True(code == 0, printed);
        output.WriteLine(printed);
        return printed;
    }
}
