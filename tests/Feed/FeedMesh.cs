using System.Globalization;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Feed;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Media;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace InstaGrpc.Feed.Tests;

/// <summary>The roles id, media and feed on two nodes and two memcached servers. There is no projector: what it derives, a test writes itself,
/// at the moment that it wants.</summary>
internal sealed class FeedMesh : IAsyncDisposable
{
    private readonly ShardRouter _router;
    private int _names;
    private int _posts;

    private FeedMesh(TestNodes nodes, MeshProcess mesh)
    {
        (Nodes, Mesh) = (nodes, mesh);
        _router = new ShardRouter(nodes.Pool);
    }

    public TestNodes Nodes { get; }

    public MeshProcess Mesh { get; }

    public TimelineAppender Appender => Mesh.Services.GetRequiredService<TimelineAppender>();

    public TimelineStore Store => Mesh.Services.GetRequiredService<TimelineStore>();

    public GraphService.GraphServiceClient Graph => new(Mesh.As("service:test"));

    public static async Task<FeedMesh> StartAsync(
        SharedServers servers, Action<IServiceCollection>? change = null, params KeyValuePair<string, string?>[] settings)
    {
        var nodes = await TestNodes.CreateAsync(servers, hint: "feed");
        KeyValuePair<string, string?>[] memcached =
        [
            new("Insta:Memcached:Servers", string.Join(',', servers.MemcachedServers)), new("Insta:Prefix", servers.NewPrefix("feed")),
            new("Insta:Memcached:OperationTimeout", "00:00:30"),
        ];
        var mesh = await MeshProcess.StartAsync([.. nodes.Configuration, .. memcached, .. settings], (services, configuration) =>
        {
            services.AddId(configuration).AddMedia(configuration).AddFeed(configuration);
            change?.Invoke(services);
        });
        return new FeedMesh(nodes, mesh);
    }

    public static KeyValuePair<string, string?> Setting(string name, object value) =>
        new($"Insta:Feed:{name}", string.Format(CultureInfo.InvariantCulture, "{0}", value));

    public GraphService.GraphServiceClient GraphAs(long user) => new(Mesh.As($"user:{user}"));

    public FeedService.FeedServiceClient FeedAs(long user) => new(Mesh.As($"user:{user}"));

    public MediaService.MediaServiceClient MediaAs(long user) => new(Mesh.As($"user:{user}"));

    public async Task<long> UserAsync()
    {
        var name = $"u{Interlocked.Increment(ref _names)}";
        return (await Graph.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = name })).User.Id;
    }

    /// <summary>Users on both nodes.</summary>
    public async Task<long[]> UsersAsync(int count)
    {
        List<long> users = [];
        for (var i = 0; i < count; i++)
        {
            users.Add(await UserAsync());
        }

        return [.. users];
    }

    public async Task FollowAsync(long follower, params long[] followees)
    {
        foreach (var followee in followees)
        {
            await GraphAs(follower).FollowAsync(new FollowRequest { UserId = followee });
        }
    }

    /// <summary>A post that is in PostgreSQL and nowhere else; each later one has a larger id, whoever's it is.</summary>
    public async Task<long> PostAsync(long author)
    {
        var id = InstaId.Compose(100_000 + Interlocked.Increment(ref _posts), new InstaId(author).Shard, 0);
        await ExecuteAsync(author, $"INSERT INTO media (id, owner_id) VALUES ({id}, {author}); INSERT INTO media_counts (media_id) VALUES ({id})");
        return id;
    }

    /// <summary>A post that was fanned out to these users.</summary>
    public async Task<long> PostAsync(long author, params long[] followers)
    {
        var post = await PostAsync(author);
        await Appender.AppendAsync(followers, TimelineEntry.Post(post));
        return post;
    }

    public async Task ExecuteAsync(long id, string sql) => await Nodes.Nodes[await _router.NodeOfAsync(id, default)].ExecuteAsync(sql);

    public async Task<T> QueryAsync<T>(long id, string sql) => await Nodes.Nodes[await _router.NodeOfAsync(id, default)].QueryAsync<T>(sql);

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

    public async Task<HomeFeedResponse> PageAsync(long user, int size = 0, string token = "") =>
        await FeedAs(user).HomeFeedAsync(new HomeFeedRequest { UserId = user, PageSize = size, PageToken = token });

    /// <summary>The whole feed, page by page.</summary>
    public async Task<List<long>> WalkAsync(long user, int size = 0, Func<Task>? betweenPages = null)
    {
        List<long> seen = [];
        var token = "";
        do
        {
            var page = await PageAsync(user, size, token);
            var full = size == 0 ? 30 : size;
            Assert.InRange(page.Items.Count, page.NextPageToken.Length > 0 ? full : 0, full);
            seen.AddRange(page.Items.Select(static item => item.Media.Id));
            token = page.NextPageToken;
            await (betweenPages?.Invoke() ?? Task.CompletedTask);
        }
        while (token.Length > 0);
        return seen;
    }

    /// <summary>What the rows say.</summary>
    public async Task<List<long>> OracleAsync(long user)
    {
        var authors = (await IdsAsync(user, $"SELECT followee_id FROM follows WHERE follower_id = {user}")).Append(user).ToHashSet();
        authors.ExceptWith(await IdsAsync(user, $"SELECT blocked_id FROM blocks WHERE blocker_id = {user}"));
        List<long> posts = [];
        foreach (var author in authors)
        {
            if (!await QueryAsync<bool>(author, $"SELECT EXISTS (SELECT FROM blocks WHERE blocker_id = {author} AND blocked_id = {user})"))
            {
                posts.AddRange(await IdsAsync(author, $"SELECT id FROM media WHERE owner_id = {author} AND NOT deleted"));
            }
        }

        return [.. posts.OrderDescending()];
    }

    /// <summary>What the projector does about blocks.</summary>
    public async Task ProjectBlockAsync(long blocker, long blocked) =>
        await ExecuteAsync(blocked, $"INSERT INTO blocked_by (blocked_id, blocker_id) VALUES ({blocked}, {blocker})");

    public async ValueTask DisposeAsync()
    {
        _router.Dispose();
        await Mesh.DisposeAsync();
        await Nodes.DisposeAsync();
    }

    private async Task<List<long>> IdsAsync(long where, string sql)
    {
        await using var connection = await Nodes.Nodes[await _router.NodeOfAsync(where, default)].OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        List<long> ids = [];
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }
}
