using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.ShardmapV1;
using InstaGrpc.Services.ShardMap;
using InstaGrpc.TestFixtures;
using Client = InstaGrpc.Contracts.ShardmapV1.ShardMapService.ShardMapServiceClient;

namespace InstaGrpc.ShardMap.Tests;

public sealed class ShardMapGrpcServiceTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>, IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TestNodes _nodes = null!;
    private MeshProcess _process = null!;
    private Client _map = null!;

    public async Task InitializeAsync()
    {
        _nodes = await TestNodes.CreateAsync(fixture.Servers, nodes: 2, hint: "shardmap");
        await _nodes.Directory.ExecuteAsync("UPDATE nodes SET region = 'elsewhere' WHERE name = 'n2'");
        _process = await MeshProcess.StartAsync(
            [
                .. _nodes.Configuration,
                new("Insta:Postgres:Nodes:n2:Followers:0", "postgres://reader:secret@10.0.0.7:5433/insta"),
                new("Insta:ShardMap:MaxWatchers", "3"),
            ],
            (services, configuration) => services.AddShardMap(configuration));
        _map = new Client(_process.As("service:test"));
    }

    public async Task DisposeAsync()
    {
        await _process.DisposeAsync();
        await _nodes.DisposeAsync();
    }

    [Fact]
    public async Task TheShardsAreSpreadOverTheNodes()
    {
        var map = await _map.ListAsync(new ListRequest());

        Assert.Equal(1, map.Epoch);
        Assert.Equal(["[0, 4096) n1", "[4096, 8192) n2"], map.Ranges.Select(Text));
        Assert.Equal(["n1", "n2"], map.Nodes.Select(node => node.Name));
    }

    [Fact]
    public async Task AnIdIsLocatedByItsShard()
    {
        var byId = await _map.LocateAsync(new LocateRequest { Id = InstaId.Create(9, 4096, 1).Value });
        var byShard = await _map.LocateAsync(new LocateRequest { Shard = 4096 });
        var other = await _map.LocateAsync(new LocateRequest { Shard = 4095 });

        Assert.Equal(byShard, byId);
        Assert.Equal((4096u, 1L, "n2"), (byId.Shard, byId.Epoch, byId.Primary));
        Assert.Equal((4095u, "n1", 0), (other.Shard, other.Primary, other.Followers.Count));
    }

    [Fact]
    public async Task FollowersAreToldWithoutCredentials()
    {
        var located = await _map.LocateAsync(new LocateRequest { Shard = 8191 });

        Assert.Equal(["10.0.0.7:5433/insta"], located.Followers);
    }

    [Fact]
    public async Task WhatCannotBeIsRefusedWithTheFieldsName()
    {
        await RefusedAsync("shard", () => _map.LocateAsync(new LocateRequest { Shard = 8192 }).ResponseAsync);
        await RefusedAsync("id", () => _map.LocateAsync(new LocateRequest { Id = 0 }).ResponseAsync);
        await RefusedAsync("id", () => _map.LocateAsync(new LocateRequest { Id = -5 }).ResponseAsync);
        await RefusedAsync("target", () => _map.LocateAsync(new LocateRequest()).ResponseAsync);
        using var watch = _map.Watch(new WatchRequest { FromEpoch = -1 });
        await RefusedAsync("from_epoch", () => watch.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task WhatIsNotThereYetSaysSo()
    {
        var admin = new Client(_process.As("admin"));

        var refused = await Assert.ThrowsAsync<RpcException>(() => admin.AddNodeAsync(new AddNodeRequest { Name = "n3" }).ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }

    [Fact]
    public async Task AWatcherGetsTheWholeMapThenEachChangeAsItHappens()
    {
        using var limit = new CancellationTokenSource(Limit);
        using var watch = _map.Watch(new WatchRequest(), cancellationToken: limit.Token);
        var first = await NextAsync(watch, limit.Token);

        await MoveAsync(10, 20, "n2", epoch: 2);
        var second = await NextAsync(watch, limit.Token);
        await MoveAsync(8000, 8192, "n1", epoch: 3);
        var third = await NextAsync(watch, limit.Token);

        Assert.Equal((1L, 2), (first.Epoch, first.Ranges.Count));
        Assert.Equal(["n1", "n2"], first.Nodes.Select(node => node.Name));
        Assert.Equal((2L, "[10, 20) n2"), (second.Epoch, Text(Assert.Single(second.Ranges))));
        Assert.Equal((3L, "[8000, 8192) n1"), (third.Epoch, Text(Assert.Single(third.Ranges))));
        Assert.Equal("elsewhere", third.Nodes.Single(node => node.Name == "n2").Region);
        Assert.Equal((15u, 3L, "n2"), Located(await _map.LocateAsync(new LocateRequest { Shard = 15 })));
    }

    [Fact]
    public async Task AWatcherThatComesBackGetsWhatItMissed()
    {
        using var limit = new CancellationTokenSource(Limit);
        await MoveAsync(10, 20, "n2", epoch: 2);
        await MoveAsync(15, 25, "n2", epoch: 3);
        await MoveAsync(100, 101, "n2", epoch: 4);
        using (var fresh = _map.Watch(new WatchRequest(), cancellationToken: limit.Token))
        {
            while ((await NextAsync(fresh, limit.Token)).Epoch < 4)
            {
            }
        }

        using var watch = _map.Watch(new WatchRequest { FromEpoch = 2 }, cancellationToken: limit.Token);
        var missed = await NextAsync(watch, limit.Token);

        Assert.Equal(4, missed.Epoch);
        Assert.Equal(["[15, 25) n2", "[100, 101) n2"], missed.Ranges.Select(Text));
    }

    [Fact]
    public async Task AWatcherWhoKnowsALaterEpochThanTheDirectoryGetsTheWholeMap()
    {
        using var limit = new CancellationTokenSource(Limit);

        // The directory was restored from a copy that is older than what this watcher saw.
        using var watch = _map.Watch(new WatchRequest { FromEpoch = 99 }, cancellationToken: limit.Token);
        var map = await NextAsync(watch, limit.Token);

        Assert.Equal((1L, 2), (map.Epoch, map.Ranges.Count));
    }

    [Fact]
    public async Task OneWatcherTooManyIsRefusedAndAPlaceIsFreeAgainWhenOneLeaves()
    {
        using var limit = new CancellationTokenSource(Limit);
        var watches = Enumerable.Range(0, 3).Select(_ => _map.Watch(new WatchRequest(), cancellationToken: limit.Token)).ToArray();
        foreach (var watch in watches)
        {
            await NextAsync(watch, limit.Token);
        }

        using (var fourth = _map.Watch(new WatchRequest(), cancellationToken: limit.Token))
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => NextAsync(fourth, limit.Token));
            Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        }

        watches[0].Dispose();
        while (true)
        {
            using var next = _map.Watch(new WatchRequest(), cancellationToken: limit.Token);
            try
            {
                await NextAsync(next, limit.Token);
                break;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                // The server has not seen the first one leave yet.
            }
        }
        watches[1].Dispose();
        watches[2].Dispose();
    }

    [Fact]
    public async Task AnOrderlyStopEndsTheWatchersAtOnce()
    {
        using var limit = new CancellationTokenSource(Limit);
        using var watch = _map.Watch(new WatchRequest(), cancellationToken: limit.Token);
        await NextAsync(watch, limit.Token);

        var stopping = _process.StopAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(() => NextAsync(watch, limit.Token));
        await stopping.WaitAsync(limit.Token);

        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        Assert.Contains("stopping", ended.Status.Detail, StringComparison.Ordinal);
    }

    private static (uint Shard, long Epoch, string Node) Located(LocateResponse response) => (response.Shard, response.Epoch, response.Primary);

    private static string Text(ShardRange range) => $"[{range.Start}, {range.End}) {range.Node}";

    private static async Task<WatchResponse> NextAsync(AsyncServerStreamingCall<WatchResponse> watch, CancellationToken cancellation)
    {
        Assert.True(await watch.ResponseStream.MoveNext(cancellation), "the stream ended");
        return watch.ResponseStream.Current;
    }

    private static async Task RefusedAsync(string field, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.StartsWith(field + ": ", refused.Status.Detail, StringComparison.Ordinal);
    }

    // As a move does it: the map's epoch and the shards' in one transaction.
    private Task MoveAsync(int start, int end, string node, long epoch) => _nodes.Directory.ExecuteAsync(
        $"""
        BEGIN;
        UPDATE shard_map SET epoch = {epoch};
        UPDATE shards SET node = '{node}', epoch = {epoch} WHERE shard >= {start} AND shard < {end};
        COMMIT
        """);
}
