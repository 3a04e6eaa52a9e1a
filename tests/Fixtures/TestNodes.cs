using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.TestFixtures;

/// <summary>A directory and nodes of a test's own, migrated, with the shards spread over the nodes: databases of one cluster.</summary>
public sealed class TestNodes : IAsyncDisposable
{
    private readonly List<TestDatabase> _databases;

    private TestNodes(List<TestDatabase> databases, PostgresOptions options, NodePool pool)
    {
        _databases = databases;
        Options = options;
        Pool = pool;
        Nodes = pool.DataNodes.Zip(databases.Skip(1)).ToDictionary(static pair => pair.First, static pair => pair.Second);
    }

    public TestDatabase Directory => _databases[0];

    /// <summary>n1, n2, … in the order of <see cref="NodePool.DataNodes"/>.</summary>
    public IReadOnlyDictionary<NodeName, TestDatabase> Nodes { get; }

    public PostgresOptions Options { get; }

    public NodePool Pool { get; }

    /// <summary>The section <c>Insta:Postgres</c> as configuration values.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Configuration =>
    [
        new("Insta:Postgres:Directory", Options.Directory),
        .. Options.Nodes.Select(node => new KeyValuePair<string, string?>($"Insta:Postgres:Nodes:{node.Key}:Primary", node.Value.Primary)),
        .. Options.Nodes.Select(node => new KeyValuePair<string, string?>($"Insta:Postgres:Nodes:{node.Key}:Region", node.Value.Region)),
    ];

    /// <param name="migrate">False leaves the databases empty.</param>
    public static async Task<TestNodes> CreateAsync(
        SharedServers servers, int nodes = 2, string hint = "nodes", bool migrate = true, CancellationToken ct = default)
    {
        List<TestDatabase> databases = [];
        for (var i = 0; i <= nodes; i++)
        {
            databases.Add(await (!migrate ? servers.CreateDatabaseAsync(hint, ct)
                : i == 0 ? servers.CreateDirectoryAsync(hint, ct)
                : servers.CreateNodeAsync(hint, ct)).ConfigureAwait(false));
        }

        var options = new PostgresOptions { Directory = databases[0].ConnectionString };
        for (var i = 1; i <= nodes; i++)
        {
            options.Nodes.Add($"n{i}", new PostgresNodeOptions { Primary = databases[i].ConnectionString });
        }

        var pool = new NodePool(options);
        if (migrate)
        {
            // What is left to do: the nodes into the directory, the shards over them.
            await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(pool, ct).ConfigureAwait(false);
        }

        return new TestNodes(databases, options, pool);
    }

    /// <summary>An id on a shard of the node: time in ms since 2026-01-01, sequence 0 to 1,023.</summary>
    public async Task<long> IdOnAsync(NodeName node, long milliseconds = 1, int sequence = 0, CancellationToken ct = default)
    {
        using var router = new ShardRouter(Pool);
        var map = await router.GetAsync(ct).ConfigureAwait(false);
        var shard = Enumerable.Range(0, InstaId.Shards).First(shard => map.NodeOf(shard) == node);
        return InstaId.Compose(milliseconds, shard, sequence);
    }

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync().ConfigureAwait(false);
        foreach (var database in _databases)
        {
            await database.DisposeAsync().ConfigureAwait(false);
        }
    }
}
