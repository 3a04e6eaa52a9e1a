using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Services.IdService;
using InstaGrpc.TestFixtures;
using Client = InstaGrpc.Contracts.IdV1.IdService.IdServiceClient;

namespace InstaGrpc.IdService.Tests;

/// <summary>The contract, called over gRPC.</summary>
public sealed class IdGrpcServiceTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>, IAsyncLifetime
{
    private TestNodes _nodes = null!;
    private MeshProcess _process = null!;
    private Client _ids = null!;

    public async Task InitializeAsync()
    {
        _nodes = await TestNodes.CreateAsync(fixture.Servers, nodes: 1, hint: "idrpc");
        _process = await MeshProcess.StartAsync(_nodes.Configuration, (services, configuration) => services.AddId(configuration));
        _ids = new Client(_process.As("service:test"));
    }

    public async Task DisposeAsync()
    {
        await _process.DisposeAsync();
        await _nodes.DisposeAsync();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(65_536, 65_536)]
    public async Task AsManyIdsAsAskedForComeAscendingOnTheShard(uint count, int expected)
    {
        var response = await _ids.NextAsync(new NextRequest { Shard = 8191, Count = count });

        Assert.Equal(expected, response.Ids.Count);
        Assert.Equal(response.Ids.Order().Distinct(), response.Ids);
        Assert.All(response.Ids, id => Assert.Equal(8191, new InstaId(id).Shard));
    }

    [Fact]
    public async Task AUsersIdsLieOnItsShard()
    {
        var user = InstaId.Create(123, 4711, 5).Value;

        var response = await _ids.NextAsync(new NextRequest { ForUserId = user });

        Assert.Equal(4711, new InstaId(response.Ids[0]).Shard);
    }

    [Fact]
    public async Task AnIdDecodesToItsParts()
    {
        var id = InstaId.Create(InstaId.MillisecondsAt(new DateTimeOffset(2026, 11, 22, 8, 30, 0, 123, TimeSpan.Zero)), 4711, 5);

        var response = await _ids.DecodeAsync(new DecodeRequest { Id = id.Value });

        Assert.Equal(("2026-11-22T08:30:00.1230000Z", 4711u, 5u), (response.Time.ToDateTime().ToString("O"), response.Shard, response.Sequence));
    }

    [Fact]
    public async Task WhatCannotBeIsRefusedWithTheFieldsName()
    {
        await RefusedAsync("shard", new NextRequest { Shard = 8192 });
        await RefusedAsync("shard", new NextRequest { Shard = uint.MaxValue });
        await RefusedAsync("for_user_id", new NextRequest { ForUserId = 0 });
        await RefusedAsync("for_user_id", new NextRequest { ForUserId = -1 });
        await RefusedAsync("target", new NextRequest { Count = 1 });
        await RefusedAsync("count", new NextRequest { Shard = 1, Count = 65_537 });
        foreach (var id in (long[])[0, -1, long.MinValue])
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => _ids.DecodeAsync(new DecodeRequest { Id = id }).ResponseAsync);
            Assert.Equal((StatusCode.InvalidArgument, "id: "), (refused.StatusCode, refused.Status.Detail[..4]));
        }
        Assert.Equal(0L, await _nodes.Directory.QueryAsync<long>("SELECT count(*) FROM id_windows"));
    }

    [Fact]
    public async Task AUserMayDecodeIdsButNotMakeThem()
    {
        var user = new Client(_process.As("user:8388608"));

        await user.DecodeAsync(new DecodeRequest { Id = 1 });
        var refused = await Assert.ThrowsAsync<RpcException>(() => user.NextAsync(new NextRequest { Shard = 1 }).ResponseAsync);

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }

    [Fact]
    public async Task WithoutAWindowInTimeTheAnswerSaysWhyBeforeTheDeadlineIsOver()
    {
        await using var process = await MeshProcess.StartAsync(
            [.. _nodes.Configuration, new("Insta:DeadlineFloor", "00:00:00")], (services, configuration) => services.AddId(configuration));
        var ids = new Client(process.As("service:test"));
        await WarmUpAsync(ids);
        await _nodes.Directory.SetLastWindowAsync(5, ahead: TimeSpan.FromHours(1));

        // The contract's own ceiling is 1 s: the caller's longer deadline does not matter.
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => ids.NextAsync(new NextRequest { Shard = 5 }, deadline: DateTime.UtcNow.AddSeconds(30)).ResponseAsync);

        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Contains("ahead of the directory's clock", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOrderlyStopGivesTheWindowsBack()
    {
        await using var process = await MeshProcess.StartAsync(
            [.. _nodes.Configuration, new("Insta:Ids:Window", "00:01:00")], (services, configuration) => services.AddId(configuration));
        var made = await new Client(process.As("service:test")).NextAsync(new NextRequest { Shard = 77 });

        await process.DisposeAsync();

        Assert.Equal(new InstaId(made.Ids[0]).Milliseconds + 1, await _nodes.Directory.GrantedUntilAsync(77));
    }

    // The contract gives 1 s, which the first connections and the compiler may need alone on a busy machine.
    private static async Task WarmUpAsync(Client ids)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await ids.NextAsync(new NextRequest { Shard = 4000 }, cancellationToken: limit.Token);
                return;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
            }
        }
    }

    private async Task RefusedAsync(string field, NextRequest request)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => _ids.NextAsync(request).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.StartsWith(field + ": ", refused.Status.Detail, StringComparison.Ordinal);
    }
}
