using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.Feed;

namespace InstaGrpc.Feed.Tests;

/// <summary>The role feed on two nodes.</summary>
internal sealed class GraphMesh : IAsyncDisposable
{
    private int _requests;

    private GraphMesh(TestMesh mesh) => Mesh = mesh;

    public TestMesh Mesh { get; }

    public GraphService.GraphServiceClient Service => new(Mesh.Service);

    public static async Task<GraphMesh> StartAsync(SharedServers servers, params KeyValuePair<string, string?>[] settings) =>
        new(await TestMesh.StartAsync(servers, [FeedRole.AddFeed], settings: settings));

    public GraphService.GraphServiceClient As(long user) => new(Mesh.User(user));

    public string NewRequest() => $"request {Interlocked.Increment(ref _requests)}";

    public async Task<User> CreateAsync(string name) =>
        (await Service.CreateUserAsync(new CreateUserRequest { Name = name, DisplayName = name.ToUpperInvariant(), RequestId = NewRequest() })).User;

    /// <summary>The sum over both nodes.</summary>
    public async Task<long> CountAsync(string sql)
    {
        long sum = 0;
        foreach (var database in Mesh.Nodes.Nodes.Values)
        {
            sum += await database.QueryAsync<long>(sql);
        }

        return sum;
    }

    public async Task ExecuteWhereAsync(long id, string sql)
    {
        using var router = new Postgres.ShardRouter(Mesh.Nodes.Pool);
        NodeName node = await router.NodeOfAsync(id, CancellationToken.None);
        await Mesh.Nodes.Nodes[node].ExecuteAsync(sql);
    }

    public ValueTask DisposeAsync() => Mesh.DisposeAsync();
}
