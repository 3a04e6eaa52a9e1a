using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Feed;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Media;

namespace InstaGrpc.Feed.Tests;

/// <summary>The role feed on two nodes.</summary>
internal sealed class GraphMesh : IAsyncDisposable
{
    private int _requests;

    private GraphMesh(TestNodes nodes, MeshProcess mesh) => (Nodes, Mesh) = (nodes, mesh);

    public TestNodes Nodes { get; }

    public MeshProcess Mesh { get; }

    public GraphService.GraphServiceClient Service => new(Mesh.As("service:test"));

    public static async Task<GraphMesh> StartAsync(SharedServers servers, params KeyValuePair<string, string?>[] settings)
    {
        var nodes = await TestNodes.CreateAsync(servers, hint: "graph");
        return new GraphMesh(nodes, await MeshProcess.StartAsync(
            [.. nodes.Configuration, .. settings],
            static (services, configuration) => services.AddId(configuration).AddMedia(configuration).AddFeed(configuration)));
    }

    public GraphService.GraphServiceClient As(long user) => new(Mesh.As($"user:{user}"));

    public string NewRequest() => $"request {Interlocked.Increment(ref _requests)}";

    public async Task<User> CreateAsync(string name) =>
        (await Service.CreateUserAsync(new CreateUserRequest { Name = name, DisplayName = name.ToUpperInvariant(), RequestId = NewRequest() })).User;

    /// <summary>The row of a photo whose bytes nobody asks for.</summary>
    public Task StoreBlobAsync(string blob)
    {
        var id = new BlobId(blob).RoutingId;
        return ExecuteWhereAsync(
            id,
            $"INSERT INTO blobs (id, sha256, format, width, height, length, stored) VALUES ({id}, decode('{blob}', 'hex'), 1, 8, 6, 1, true)");
    }

    /// <summary>The sum over both nodes.</summary>
    public async Task<long> CountAsync(string sql)
    {
        long sum = 0;
        foreach (var database in Nodes.Nodes.Values)
        {
            sum += await database.QueryAsync<long>(sql);
        }

        return sum;
    }

    public async Task ExecuteWhereAsync(long id, string sql)
    {
        using var router = new ShardRouter(Nodes.Pool);
        var node = await router.NodeOfAsync(id, CancellationToken.None);
        await Nodes.Nodes[node].ExecuteAsync(sql);
    }

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync();
        await Nodes.DisposeAsync();
    }
}
