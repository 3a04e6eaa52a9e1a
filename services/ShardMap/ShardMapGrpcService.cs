using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.ShardmapV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using ShardRange = InstaGrpc.Contracts.ShardmapV1.ShardRange;

namespace InstaGrpc.Services.ShardMap;

/// <summary>The contract <c>insta.shardmap.v1.ShardMapService</c> over <see cref="ShardRouter"/>.</summary>
internal sealed class ShardMapGrpcService(ShardRouter router, NodePool nodes, MapWatchers watchers) : ShardMapService.ShardMapServiceBase
{
    public override async Task<LocateResponse> Locate(LocateRequest request, ServerCallContext context)
    {
        var shard = request.TargetCase switch
        {
            LocateRequest.TargetOneofCase.Id when request.Id > 0 => new InstaId(request.Id).Shard,
            LocateRequest.TargetOneofCase.Id => throw new InvalidFieldException("id", "must be an id: a number above 0"),
            LocateRequest.TargetOneofCase.Shard when request.Shard < InstaId.Shards => (int)request.Shard,
            LocateRequest.TargetOneofCase.Shard => throw new InvalidFieldException("shard", "must be 0 to 8191"),
            _ => throw new InvalidFieldException("target", "give id or shard"),
        };
        var map = await router.GetAsync(context.CancellationToken).ConfigureAwait(false);
        var node = map.NodeOf(shard);
        return new LocateResponse
        {
            Shard = (uint)shard,
            Epoch = map.Epoch,
            Region = map.Regions[node],
            Primary = node.Value,
            Followers = { Followers(node.Value) },
        };
    }

    public override async Task<ListResponse> List(ListRequest request, ServerCallContext context)
    {
        var map = await router.GetAsync(context.CancellationToken).ConfigureAwait(false);
        return new ListResponse { Epoch = map.Epoch, Ranges = { Ranges(map, since: 0) }, Nodes = { Nodes(map) } };
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responses, ServerCallContext context)
    {
        if (request.FromEpoch < 0)
        {
            throw new InvalidFieldException("from_epoch", "must be 0 (the whole map) or an epoch that you know");
        }
        await foreach (var (map, since) in watchers.FollowAsync(request.FromEpoch, context.CancellationToken).ConfigureAwait(false))
        {
            await responses.WriteAsync(
                new WatchResponse { Epoch = map.Epoch, Ranges = { Ranges(map, since) }, Nodes = { Nodes(map) } },
                context.CancellationToken).ConfigureAwait(false);
        }
    }

    private static IEnumerable<ShardRange> Ranges(ShardPlacement map, long since) => map.Ranges(since == 0 ? -1 : since)
        .Select(static range => new ShardRange { Start = (uint)range.Start, End = (uint)range.End, Node = range.Node.Value });

    private static IEnumerable<Node> Nodes(ShardPlacement map) => map.Regions
        .OrderBy(static node => node.Key).Select(static node => new Node { Name = node.Key.Value, Region = node.Value });

    // The directory does not know them: those that this process is configured with.
    private IEnumerable<string> Followers(string node) => nodes.Options.Nodes.TryGetValue(node, out var configured)
        ? configured.Followers.Select(static address => PostgresAddress.Describe(PostgresAddress.Parse(address)))
        : [];
}
