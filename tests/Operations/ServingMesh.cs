using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>All roles in a process of its own, of this build or of another one, on servers that a test may break.</summary>
internal sealed class ServingMesh : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static int s_names;

    private readonly Uri _grpc = Loopback(LoopbackPort.Free());
    private readonly InstaProcess _process;
    private readonly GrpcChannel _channel;
    private readonly HttpClient _client;

    private ServingMesh(OwnServers servers, InstaProgram program)
    {
        Web = Loopback(LoopbackPort.Free());
        _client = new HttpClient { BaseAddress = Web };
        _process = program.Start(servers.Variables, "serve", "--roles", "all", "--grpc", _grpc.Authority, "--web", Web.Authority);
        _channel = GrpcChannel.ForAddress(_grpc);
    }

    /// <summary>Its web listener.</summary>
    public Uri Web { get; }

    public InstaProcess Process => _process;

    public MediaService.MediaServiceClient Media => new(_channel);

    public GraphService.GraphServiceClient Graph => new(_channel);

    public FeedService.FeedServiceClient Feed => new(_channel);

    public AppService.AppServiceClient App => new(_channel);

    /// <summary>Migrates, starts, and returns when it is ready.</summary>
    /// <param name="servers">PostgreSQL, memcached and the broker.</param>
    /// <param name="program">Null: this build.</param>
    public static async Task<ServingMesh> StartAsync(OwnServers servers, InstaProgram? program = null)
    {
        var (code, output) = await (program ?? InstaProgram.Built).RunAsync(servers.Variables, "migrate");
        Assert.True(code == 0, output);
        return await ServeAsync(servers, program);
    }

    /// <summary>Starts on databases that are migrated, and returns when it is ready.</summary>
    public static async Task<ServingMesh> ServeAsync(OwnServers servers, InstaProgram? program = null)
    {
        while (true)
        {
            var mesh = new ServingMesh(servers, program ?? InstaProgram.Built);
            try
            {
                await mesh._process.LineAsync("serving ");
                using var limit = new CancellationTokenSource(Limit);
                while (!(await mesh._client.GetAsync("/readyz", limit.Token)).IsSuccessStatusCode) limit.Token.ThrowIfCancellationRequested();
                return mesh;
            }
            catch (InvalidOperationException) when (mesh._process.Output.Any(static line => line.Contains("address already in use", StringComparison.Ordinal)))
            {
                // A port that was free a second ago: somebody's connection begins there now. Others will do.
                await mesh.DisposeAsync();
            }
            catch
            {
                await mesh.DisposeAsync();
                throw;
            }
        }
    }

    public static CallOptions AsUser(long id, TimeSpan? deadline = null) => As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"), deadline);

    /// <summary>Returns when it publishes the changes of directory and node: a process is ready before its streams are.</summary>
    public async Task StreamsAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while ((await _client.GetStringAsync("/metrics", limit.Token)).Split('\n').Count(IsStreaming) < 2) limit.Token.ThrowIfCancellationRequested();

        static bool IsStreaming(string line) =>
            line.StartsWith("insta_changes_streaming{", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal);
    }

    public async Task<long> NewUserAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"u.{Interlocked.Increment(ref s_names)}");
        return (await Graph.CreateUserAsync(new CreateUserRequest { Name = name, DisplayName = name, RequestId = name }, As("admin", null))).User.Id;
    }

    public async Task<long> NewMediaAsync(long owner) => (await Media.CreateMediaAsync(
        new CreateMediaRequest { Caption = "caption", RequestId = Guid.NewGuid().ToString("N") }, AsUser(owner))).Media.Id;

    /// <summary>An orderly stop, as a pod's: the exit code.</summary>
    public async Task<int> StopAsync()
    {
        await _process.SignalAsync("TERM");
        return await _process.ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _client.Dispose();
        await _process.DisposeAsync();
    }

    private static CallOptions As(string caller, TimeSpan? deadline) =>
        new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow + (deadline ?? TimeSpan.FromSeconds(30)));

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
