using Grpc.Core;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Embedded;
using InstaGrpc.Mesh.HealthV1;
using ServingStatus = InstaGrpc.Mesh.HealthV1.HealthCheckResponse.Types.ServingStatus;
using Outcome = InstaGrpc.Contracts.LeasecacheV1.GetResponse.OutcomeOneofCase;

namespace InstaGrpc.LeaseCache.Tests;

/// <summary>Servers that die and streams that are away, each in a cache of the test's own.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task AMemcachedThatStartsAgainKeepsNothingOldAndTakesNoOldFill()
    {
        await using var running = new Own(await RunningCache.StartAsync());
        var (one, two) = (running.Cache.Clients[0], running.Cache.Clients[1]);
        var keys = Enumerable.Range(0, 16).Select(n => $"restart/{n}").ToArray();
        var leases = new Dictionary<string, Lease>();
        foreach (var key in keys)
        {
            leases.Add(key, (await one.GetAsync(new GetRequest { Key = key })).Lease);
            await running.Cache.PutAsync(key + "-filled", "old");
        }

        var started = new List<EmbeddedMemcached>();
        foreach (var server in running.Cache.Memcached)
        {
            await server.CrashAsync();
            var answer = await one.GetAsync(new GetRequest { Key = keys[0] });
            Assert.True(answer.OutcomeCase is Outcome.Lease or Outcome.Busy, $"a read while a server is away was {answer}");
            started.Add(await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = server.Port }));
        }
        await running.Cache.WaitUntilInvalidatedAsync();

        foreach (var key in keys)
        {
            // The new life counts its CAS from 1 as the old one did: give the old lease's number a chance to come again.
            var fresh = (await two.GetAsync(new GetRequest { Key = key })).Lease;
            Assert.Equal(FillResult.LeaseLost, (await one.FillAsync(RunningCache.Fill(key, leases[key], "old"))).Result);
            Assert.Equal(FillResult.Filled, (await one.FillAsync(RunningCache.Fill(key, fresh, "new"))).Result);
            Assert.Equal("new", (await two.GetAsync(new GetRequest { Key = key })).Hit.Value.ToStringUtf8());
            Assert.Equal(Outcome.Lease, (await two.GetAsync(new GetRequest { Key = key + "-filled" })).OutcomeCase);
        }
        foreach (var server in started)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task WhileTheStreamIsAwayAValueLivesForTheAllowedLagAndThenOneCallerFillsAgain()
    {
        await using var running = new Own(await RunningCache.StartAsync());
        var (one, two) = (running.Cache.Clients[0], running.Cache.Clients[1]);
        await running.Cache.PutAsync("away/key", "old");
        await running.Cache.Invalidator.StopAsync();

        using var patience = new CancellationTokenSource(RunningCache.Limit);
        GetResponse answer;
        do
        {
            answer = await one.GetAsync(new GetRequest { Key = "away/key" }, cancellationToken: patience.Token);
        }
        while (answer.OutcomeCase == Outcome.Hit);

        Assert.Equal(Outcome.Lease, answer.OutcomeCase);
        Assert.Equal(Outcome.Busy, (await two.GetAsync(new GetRequest { Key = "away/key" })).OutcomeCase);
        Assert.Equal(FillResult.Filled, (await two.FillAsync(RunningCache.Fill("away/key", answer.Lease, "new"))).Result);
        Assert.Equal("new", (await one.GetAsync(new GetRequest { Key = "away/key" })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task AnInvalidationThatCannotReachItsServerFailsAndSaysSo()
    {
        await using var running = new Own(await RunningCache.StartAsync());
        foreach (var server in running.Cache.Memcached)
        {
            await server.CrashAsync();
        }

        var failed = await Assert.ThrowsAsync<RpcException>(
            () => running.Cache.Clients[0].InvalidateAsync(new InvalidateRequest { Keys = { "down/key" } }).ResponseAsync);
        var stats = await running.Cache.Clients[0].StatsAsync(new StatsRequest());

        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
        // What the service depends on is away; the process goes on, and so does what else it may serve.
        Assert.Equal(ServingStatus.NotServing, await HealthAsync(running.Cache, LeaseCacheService.Descriptor.FullName, ServingStatus.NotServing));
        Assert.Equal(ServingStatus.Serving, await HealthAsync(running.Cache, "", ServingStatus.Serving));
        Assert.All(stats.Servers, server => Assert.False(server.Up || server.Lags.Any(lag => lag.Present)));
    }

    /// <summary>Waits for a status; the last one that was said.</summary>
    private static async Task<ServingStatus> HealthAsync(RunningCache cache, string service, ServingStatus wanted)
    {
        using var patience = new CancellationTokenSource(RunningCache.Limit);
        using var watch = new Health.HealthClient(cache.Replicas[0].Channel).Watch(new HealthCheckRequest { Service = service });
        while (await watch.ResponseStream.MoveNext(patience.Token) && watch.ResponseStream.Current.Status != wanted)
        {
        }
        return watch.ResponseStream.Current.Status;
    }

    private sealed class Own(RunningCache cache) : IAsyncDisposable
    {
        public RunningCache Cache => cache;

        public async ValueTask DisposeAsync() => await cache.DisposeAsync();
    }
}
