using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Media;

namespace InstaGrpc.Media.Tests;

/// <summary>The role media on two nodes, with users whose rows the tests insert themselves.</summary>
internal sealed class MediaMesh : IAsyncDisposable
{
    private int _requests;

    private MediaMesh(TestNodes nodes, MeshProcess mesh) => (Nodes, Mesh) = (nodes, mesh);

    public TestNodes Nodes { get; }

    public MeshProcess Mesh { get; }

    public MediaService.MediaServiceClient Service => new(Mesh.As("service:test"));

    public static async Task<MediaMesh> StartAsync(SharedServers servers, params KeyValuePair<string, string?>[] more)
    {
        var nodes = await TestNodes.CreateAsync(servers, hint: "media");
        return new MediaMesh(nodes, await MeshProcess.StartAsync(
            [.. nodes.Configuration, .. more], static (services, configuration) => services.AddId(configuration).AddMedia(configuration)));
    }

    public MediaService.MediaServiceClient As(long user) => new(Mesh.As($"user:{user}"));

    public string NewRequest() => $"request {Interlocked.Increment(ref _requests)}";

    /// <summary>A user on the node, by his number 0 to 1,023.</summary>
    public async Task<long> UserAsync(string node, int number)
    {
        var id = await Nodes.IdOnAsync(new NodeName(node), milliseconds: 5, sequence: number);
        await DatabaseOf(node).ExecuteAsync($"INSERT INTO users (id, name) VALUES ({id}, 'user{number}')");
        return id;
    }

    public TestDatabase DatabaseOf(string node) => Nodes.Nodes[new NodeName(node)];

    public async Task<Contracts.MediaV1.Media> PostAsync(long user, string caption = "a caption") =>
        (await As(user).CreateMediaAsync(new CreateMediaRequest { Caption = caption, RequestId = NewRequest() })).Media;

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync();
        await Nodes.DisposeAsync();
    }
}
