using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Feed;
using InstaGrpc.Services.Gateway;
using InstaGrpc.Services.Gateway.Sessions;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Media;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Gateway.Tests;

/// <summary>The roles id, media, feed and gateway on two nodes and two memcached servers, with a listener for outside.</summary>
internal sealed class GatewayMesh : IAsyncDisposable
{
    public const string Password = "correct horse";

    private readonly ShardRouter _router;
    private int _names;

    private GatewayMesh(TestNodes nodes, MeshProcess process)
    {
        (Nodes, Process) = (nodes, process);
        _router = new ShardRouter(nodes.Pool);
        Http = new HttpClient { BaseAddress = process.Web };
    }

    public TestNodes Nodes { get; }

    public MeshProcess Process { get; }

    /// <summary>The listener for outside.</summary>
    public HttpClient Http { get; }

    /// <summary>The AppService over native gRPC, for nobody.</summary>
    public AppService.AppServiceClient App => new(Process.Channel);

    public static Task<GatewayMesh> StartAsync(SharedServers servers, params (string Name, string Value)[] settings) =>
        StartAsync(servers, null, settings);

    public static async Task<GatewayMesh> StartAsync(
        SharedServers servers, Action<IServiceCollection, IConfiguration>? change, params (string Name, string Value)[] settings)
    {
        var nodes = await TestNodes.CreateAsync(servers, hint: "gateway");
        var process = await ProcessAsync(servers, nodes, servers.NewPrefix("gateway"), change, settings);
        return new GatewayMesh(nodes, process);
    }

    /// <summary>Another process with the same roles on the same nodes.</summary>
    public async Task<MeshProcess> AnotherAsync(SharedServers servers, params (string Name, string Value)[] settings) =>
        await ProcessAsync(servers, Nodes, servers.NewPrefix("gateway"), null, settings);

    public static AppService.AppServiceClient AppAs(MeshProcess process, string accessToken) => new(process.Channel.CreateCallInvoker().Intercept(
        metadata =>
        {
            metadata.Add("authorization", "Bearer " + accessToken);
            return metadata;
        }));

    public AppService.AppServiceClient AppAs(Session session) => AppAs(Process, session.AccessToken);

    public async Task<Session> SignUpAsync(string? name = null)
    {
        name ??= $"u{Interlocked.Increment(ref _names)}";
        var signedUp = await App.SignUpAsync(new SignUpRequest { Name = name, DisplayName = name, Password = Password, RequestId = name });
        return signedUp.Session;
    }

    /// <summary>A new user with an access token, as many as a test wants: signing up is limited.</summary>
    public async Task<Session> SessionAsync()
    {
        var user = await UserAsync();
        return new Session { User = user, AccessToken = await Process.Services.GetRequiredService<AccessTokens>().IssueAsync(user.Id, default) };
    }

    /// <summary>A user without password.</summary>
    public async Task<User> UserAsync()
    {
        var graph = new GraphService.GraphServiceClient(Process.As("service:test"));
        var name = $"v{Interlocked.Increment(ref _names)}";
        return (await graph.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = name })).User;
    }

    public async Task<TestDatabase> DatabaseOfAsync(long id) => Nodes.Nodes[await _router.NodeOfAsync(id, default)];

    /// <summary>One message as gRPC-Web, over the listener for outside.</summary>
    public async Task<HttpResponseMessage> PostAsync(string method, IMessage request, string type = "application/grpc-web+proto", Session? session = null,
        params (string Name, string Value)[] headers)
    {
        var frame = WebFrames.Write(request);
        var isText = type.Contains("-text", StringComparison.Ordinal);
        using var message = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Content = isText ? new StringContent(Convert.ToBase64String(frame)) : new ByteArrayContent(frame),
        };
        message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (session is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", session.AccessToken);
        }

        foreach (var (name, value) in headers)
        {
            message.Headers.Add(name, value);
        }

        return await Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _router.Dispose();
        await Process.DisposeAsync();
        await Nodes.DisposeAsync();
    }

    private static Task<MeshProcess> ProcessAsync(
        SharedServers servers, TestNodes nodes, string prefix, Action<IServiceCollection, IConfiguration>? change,
        (string Name, string Value)[] settings)
    {
        KeyValuePair<string, string?>[] given =
        [
            new("Insta:Memcached:Servers", string.Join(',', servers.MemcachedServers)), new("Insta:Prefix", prefix),
            new("Insta:Memcached:OperationTimeout", "00:00:30"),

            // As many as a test wants: the strength of a hash is not what is tested.
            new("Insta:Gateway:PasswordIterations", "1000"),
            .. settings.Select(static setting => new KeyValuePair<string, string?>(setting.Name, setting.Value)),
        ];
        return MeshProcess.StartAsync(
            [.. nodes.Configuration, .. given],
            static endpoints => endpoints.MapGateway(),
            static (services, configuration) => services.AddId(configuration).AddMedia(configuration).AddFeed(configuration).AddGateway(configuration),
            change ?? (static (_, _) => { }));
    }
}
