using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Postgres.Tests;

public class ShardRouterTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly NodeName _n2 = new("n2");

    private const string Move = """
        BEGIN;
        UPDATE shard_map SET epoch = epoch + 1;
        UPDATE shards SET node = 'n2', epoch = (SELECT epoch FROM shard_map) WHERE shard BETWEEN 3 AND 4;
        COMMIT
        """;

    [Fact]
    public async Task AnIdGoesWhereItsShardStands()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        using var router = new ShardRouter(nodes.Pool);
        foreach (var (shard, node) in ((int, string)[])[(0, "n1"), (4095, "n1"), (4096, "n2"), (8191, "n2")])
        {
            Assert.Equal(node, (await router.NodeOfAsync(InstaId.Compose(77, shard, 1023), Patience.Token())).Value);
        }
    }

    [Fact]
    public async Task AMovedShardIsNoticedWithoutAsking()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        using var router = new ShardRouter(nodes.Pool);
        using var notifications = new DirectoryNotifications(nodes.Pool, router, TimeProvider.System, NullLogger<DirectoryNotifications>.Instance);
        await notifications.StartAsync(Patience.Token());
        var first = await router.WaitForChangeAsync(0, Patience.Token());
        await nodes.Directory.ExecuteAsync(Move);
        var second = await router.WaitForChangeAsync(first.Epoch, Patience.Token());
        Assert.Equal(_n2, second.NodeOf(3));
        Assert.Equal([(3, 5, _n2)], second.Ranges(first.Epoch));
        Assert.Equal(4, second.Ranges().Count());
        Assert.Equal((1, 2), (second.EpochOf(0), second.EpochOf(4)));

        // Its connection is lost: the next one finds what was said meanwhile.
        await nodes.Directory.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'");
        await nodes.Directory.ExecuteAsync(Move);
        var third = await router.WaitForChangeAsync(second.Epoch, Patience.Token());
        Assert.Equal(3, third.Epoch);
        await notifications.StopAsync(Patience.Token());
    }

    [Fact]
    public async Task AContractIsToldOf()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        using var router = new ShardRouter(nodes.Pool);
        using var notifications = new DirectoryNotifications(nodes.Pool, router, TimeProvider.System, NullLogger<DirectoryNotifications>.Instance);
        await notifications.StartAsync(Patience.Token());
        await notifications.WaitAsync(DirectoryChannel.Contracts, 0, Patience.Token());
        var seen = notifications.Version(DirectoryChannel.Contracts);
        await nodes.Directory.ExecuteAsync("INSERT INTO contracts (epoch, number, identity, method, body) VALUES (1, 1, '', 'M', '')");
        await notifications.WaitAsync(DirectoryChannel.Contracts, seen, Patience.Token());
        seen = notifications.Version(DirectoryChannel.Contracts);
        await nodes.Directory.ExecuteAsync("INSERT INTO contract_nodes (epoch, number, node, state) VALUES (1, 1, 'n1', 'not_here')");
        await notifications.WaitAsync(DirectoryChannel.Contracts, seen, Patience.Token());
        await notifications.StopAsync(Patience.Token());
    }

    [Fact]
    public async Task ADirectoryWithoutTablesIsUnavailableAndSaysWhatToRun()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1, migrate: false);
        using var router = new ShardRouter(nodes.Pool);
        var fault = await Assert.ThrowsAsync<NodeUnavailableException>(() => router.GetAsync(Patience.Token()).AsTask());
        Assert.Contains("insta migrate", fault.Message, StringComparison.Ordinal);
    }
}
