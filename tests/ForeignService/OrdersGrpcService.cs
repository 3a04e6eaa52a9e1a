using Grpc.Core;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;
using Shop.Orders.V1;

namespace Shop.Orders;

/// <summary>Reads orders. No word about caching: the contract has it.</summary>
public sealed class OrdersGrpcService(INodeReads reads) : OrdersService.OrdersServiceBase
{
    private const string List = "shop.orders";

    public override async Task<GetOrderResponse> GetOrder(GetOrderRequest request, ServerCallContext context)
    {
        var session = await reads.OpenAsync(context.CancellationToken);
        await using var query = session.Command($"{Select} WHERE id = $1", new NpgsqlParameter { Value = request.OrderId });
        await using var rows = await query.ExecuteReaderAsync(context.CancellationToken);
        if (!await rows.ReadAsync(context.CancellationToken)) throw new EntityNotFoundException("order", request.OrderId);
        return new() { Order = OrderOf(rows) };
    }

    public override async Task<ListOrdersResponse> ListOrders(ListOrdersRequest request, ServerCallContext context)
    {
        var page = Page.Read(List, request.CustomerId, request.PageSize, request.PageToken);
        var session = await reads.OpenAsync(context.CancellationToken);
        await using var query = session.Command(
            $"{Select} WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            new NpgsqlParameter { Value = request.CustomerId }, new NpgsqlParameter { Value = page.After ?? long.MaxValue },
            new NpgsqlParameter { Value = page.Size });
        await using var rows = await query.ExecuteReaderAsync(context.CancellationToken);
        var response = new ListOrdersResponse();
        while (await rows.ReadAsync(context.CancellationToken)) response.Orders.Add(OrderOf(rows));
        if (response.Orders.Count == page.Size) response.NextPageToken = page.Next(response.Orders[^1].Id);
        return response;
    }

    private const string Select = "SELECT id, customer_id, item, state FROM orders";

    private static Order OrderOf(NpgsqlDataReader row) =>
        new() { Id = row.GetInt64(0), CustomerId = row.GetInt64(1), Item = row.GetString(2), State = row.GetString(3) };
}
