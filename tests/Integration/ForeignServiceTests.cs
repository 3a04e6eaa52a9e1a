using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using Npgsql;
using Shop.Orders.V1;
using Xunit.Abstractions;

namespace InstaGrpc.Integration.Tests;

/// <summary>
/// A service of another team beside a running mesh: cached by what its proto declares, invalidated by an invalidator that never heard of it.
/// </summary>
public sealed class ForeignServiceTests(RunningMesh fixture, ITestOutputHelper output) : IClassFixture<RunningMesh>
{
    private const int Rounds = 20;
    private const int HitsPerRound = 5;
    private static readonly NodeName _node = new("n1");

    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task AServiceOfAnotherTeamIsCachedAndInvalidated()
    {
        var postgres = _mesh.Nodes.Primary(_node);
        await RunningMesh.CommitAsync(postgres, ForeignService.Schema);
        var (customer, order) = await IdsAsync();
        await RunningMesh.CommitAsync(postgres, $"INSERT INTO orders (customer_id, id, item, state) VALUES ({customer}, {order}, 'lamp', 'state 0')");
        await using var service = await ForeignService.StartAsync(Path.Combine(_mesh.Servers.Folder, "foreign"), _mesh.Variables);
        using var channel = GrpcChannel.ForAddress(service.Address);
        var orders = new OrdersService.OrdersServiceClient(channel);
        await CachedAsync(service, "GetOrder", () => orders.GetOrderAsync(new() { OrderId = order }, RunningMesh.AsUser(customer)).ResponseAsync);
        await CachedAsync(service, "ListOrders", () => orders.ListOrdersAsync(new() { CustomerId = customer }, RunningMesh.AsUser(customer)).ResponseAsync);

        var hits = await service.HitsAsync("GetOrder");
        for (var round = 1; round <= Rounds; round++)
        {
            await SqlAsync(postgres, $"UPDATE orders SET state = 'state {round}' WHERE id = {order}");

            for (var read = 0; read <= HitsPerRound; read++)
            {
                var found = await orders.GetOrderAsync(new() { OrderId = order }, RunningMesh.AsUser(customer));
                Assert.Equal(FormattableString.Invariant($"state {round}"), found.Order.State);
            }
        }
        hits = await service.HitsAsync("GetOrder") - hits;
        output.WriteLine($"{hits} of {Rounds * (HitsPerRound + 1)} reads between {Rounds} updates by SQL were hits, none was old");
        Assert.InRange(hits, Rounds * HitsPerRound * 9 / 10, Rounds * HitsPerRound);

        hits = await service.HitsAsync("ListOrders");
        for (var round = 1; round <= Rounds; round++)
        {
            await SqlAsync(postgres, $"INSERT INTO orders (customer_id, id, item, state) VALUES ({customer}, {order + round}, 'item {round}', 'new')");

            for (var read = 0; read <= HitsPerRound; read++)
            {
                var list = await orders.ListOrdersAsync(new() { CustomerId = customer, PageSize = 10 }, RunningMesh.AsUser(customer));
                Assert.Equal(order + round, list.Orders[0].Id);
            }
        }
        hits = await service.HitsAsync("ListOrders") - hits;
        output.WriteLine($"{hits} of {Rounds * (HitsPerRound + 1)} reads of a list between {Rounds} inserts by SQL were hits, none was old");
        Assert.InRange(hits, Rounds * HitsPerRound * 9 / 10, Rounds * HitsPerRound);

        // What is not there is cached too, and appears; what is deleted is gone.
        var later = order + Rounds + 1;
        for (var read = 0; read < 2; read++)
        {
            await MissingAsync(orders, later, customer);
        }
        await SqlAsync(postgres, $"INSERT INTO orders (customer_id, id, item, state) VALUES ({customer}, {later}, 'later', 'new')");
        Assert.Equal("later", (await orders.GetOrderAsync(new() { OrderId = later }, RunningMesh.AsUser(customer))).Order.Item);
        await SqlAsync(postgres, $"DELETE FROM orders WHERE id = {later}");
        await MissingAsync(orders, later, customer);
    }

    private static async Task MissingAsync(OrdersService.OrdersServiceClient orders, long id, long customer)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(
            () => orders.GetOrderAsync(new() { OrderId = id }, RunningMesh.AsUser(customer)).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
    }

    /// <summary>Reads until two in a row are hits: the contract is announced, the table published, the watermark past both.</summary>
    private static async Task CachedAsync(ForeignService service, string method, Func<Task> read)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var before = await service.HitsAsync(method);
            await read();
            await read();
            if (await service.HitsAsync(method) - before == 2)
            {
                return;
            }
            Assert.True(Stopwatch.GetElapsedTime(began) < RunningMesh.Limit, $"{method} was never cached");
        }
    }

    /// <summary>As psql would, and then until every server is invalidated up to there.</summary>
    private async Task SqlAsync(NpgsqlDataSource postgres, string sql) =>
        await _mesh.MarkedAsync(_node, await RunningMesh.CommitAsync(postgres, sql));

    /// <summary>Ids on one shard of the node that has the table: a customer's, and an order's.</summary>
    private async Task<(long Customer, long Order)> IdsAsync()
    {
        var map = await _mesh.Router.GetAsync(CancellationToken.None);
        var shard = Enumerable.Range(0, InstaId.Shards).First(shard => map.NodeOf(shard) == _node);
        var now = Environment.TickCount64;
        return (InstaId.Compose(now, shard, 0), InstaId.Compose(now, shard, 1));
    }
}
