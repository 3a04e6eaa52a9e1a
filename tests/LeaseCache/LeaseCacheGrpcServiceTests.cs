using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Postgres;
using Client = InstaGrpc.Contracts.LeasecacheV1.LeaseCacheService.LeaseCacheServiceClient;
using Outcome = InstaGrpc.Contracts.LeasecacheV1.GetResponse.OutcomeOneofCase;

namespace InstaGrpc.LeaseCache.Tests;

public sealed class LeaseCacheGrpcServiceTests(RunningCache running) : IClassFixture<RunningCache>
{
    private readonly string _key = $"test/{Guid.NewGuid()}";

    private Client One => running.Clients[0];

    private Client Two => running.Clients[1];

    [Fact]
    public async Task OfSixtyFourCallersOneFillsAndTheOthersGetItsValue()
    {
        var asking = Enumerable.Range(0, 64).Select(n => GetUntilItIsThereAsync(n % 2 == 0 ? One : Two)).ToList();
        var leased = new List<GetResponse>();
        while (leased.Count == 0)
        {
            var answered = await Task.WhenAny(asking).WaitAsync(RunningCache.Limit);
            asking.Remove(answered);
            leased.Add(await answered);
        }

        var lease = Assert.Single(leased).Lease;
        Assert.Equal("primary", lease.Fence);
        Assert.InRange(lease.ExpiresInMs, 1_000u, 60_000u);
        Assert.Equal(FillResult.Filled, (await One.FillAsync(RunningCache.Fill(_key, lease, "value"))).Result);
        var others = await Task.WhenAll(asking).WaitAsync(RunningCache.Limit);

        Assert.Equal(63, others.Length);
        Assert.All(others, other => Assert.Equal("value", other.Hit?.Value.ToStringUtf8()));
    }

    [Fact]
    public async Task WhoDoesNotWaitIsToldThatSomebodyIsFilling()
    {
        await LeaseAsync();

        var busy = await Two.GetAsync(new GetRequest { Key = _key });

        Assert.InRange(busy.Busy.RetryAfterMs, 1u, 1_000u);
    }

    [Fact]
    public async Task WhoWaitsInVainWaitsAsLongAsHeSaid()
    {
        await LeaseAsync();
        var began = Stopwatch.GetTimestamp();

        var busy = await Two.GetAsync(new GetRequest { Key = _key, WaitMs = 200 });

        Assert.Equal(Outcome.Busy, busy.OutcomeCase);
        Assert.True(Stopwatch.GetElapsedTime(began) > TimeSpan.FromMilliseconds(190), "gave up too early");
    }

    [Fact]
    public async Task AnyReplicaTakesALeaseThatAnotherGave()
    {
        var lease = await LeaseAsync();

        Assert.Equal(FillResult.Filled, (await Two.FillAsync(RunningCache.Fill(_key, lease, "value"))).Result);

        Assert.Equal("value", (await One.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task ALeaseFillsOnce()
    {
        var lease = await LeaseAsync();
        await One.FillAsync(RunningCache.Fill(_key, lease, "first"));

        var second = await One.FillAsync(RunningCache.Fill(_key, lease, "second"));

        Assert.Equal(FillResult.LeaseLost, second.Result);
        Assert.Equal("first", (await One.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task AFillThatBeganBeforeAnInvalidationIsNotKept()
    {
        var old = await LeaseAsync();
        await Two.InvalidateAsync(new InvalidateRequest { Keys = { _key } });

        Assert.Equal(FillResult.LeaseLost, (await One.FillAsync(RunningCache.Fill(_key, old, "old"))).Result);

        var fresh = await LeaseAsync();
        await One.FillAsync(RunningCache.Fill(_key, fresh, "new"));
        Assert.Equal("new", (await Two.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task AnInvalidatedValueIsServedOnlyToThoseWhoAllowItAndOnlySoOld()
    {
        await running.PutAsync(_key, "old");
        Assert.Equal("old", (await Two.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToStringUtf8());
        await One.InvalidateAsync(new InvalidateRequest { Keys = { _key } });

        var lease = await LeaseAsync();
        var stale = await Two.GetAsync(new GetRequest { Key = _key, MaxStaleMs = 60_000 });
        var strict = await Two.GetAsync(new GetRequest { Key = _key });

        Assert.Equal("old", stale.Stale.Value.ToStringUtf8());
        Assert.InRange(stale.Stale.AgeMs, 0u, 60_000u);
        Assert.Equal(Outcome.Busy, strict.OutcomeCase);

        // The same limit admits it while it is younger, and no longer once it is older.
        using var patience = new CancellationTokenSource(RunningCache.Limit);
        var limit = stale.Stale.AgeMs + 200;
        GetResponse answer;
        do
        {
            answer = await Two.GetAsync(new GetRequest { Key = _key, MaxStaleMs = limit }, cancellationToken: patience.Token);
            Assert.True(answer.OutcomeCase == Outcome.Busy || answer.Stale.AgeMs <= limit, "served older than the caller allows");
        }
        while (answer.OutcomeCase != Outcome.Busy);

        await One.FillAsync(RunningCache.Fill(_key, lease, "new"));
        Assert.Equal("new", (await Two.GetAsync(new GetRequest { Key = _key, MaxStaleMs = 60_000 })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task AThousandKeysAreMarkedBeforeTheAnswer()
    {
        var keys = Enumerable.Range(0, 1_000).Select(n => $"many/{_key[5..]}-{n}").ToArray();
        foreach (var key in keys.Where((_, n) => n % 50 == 0))
        {
            await running.PutAsync(key, "old");
        }

        await One.InvalidateAsync(new InvalidateRequest { Keys = { keys } });

        foreach (var key in keys.Where((_, n) => n % 50 == 0))
        {
            Assert.Equal(Outcome.Lease, (await Two.GetAsync(new GetRequest { Key = key })).OutcomeCase);
        }
    }

    [Fact]
    public async Task ThatThereIsNoSuchThingIsCachedToo()
    {
        var lease = await LeaseAsync();
        await One.FillAsync(new FillRequest { Key = _key, LeaseToken = lease.LeaseToken, Absent = true });

        var hit = await Two.GetAsync(new GetRequest { Key = _key });

        Assert.Equal((Outcome.Hit, false), (hit.OutcomeCase, hit.Hit.HasValue));
    }

    [Fact]
    public async Task AnEmptyValueIsAValue()
    {
        await running.PutAsync(_key, "");

        var hit = await Two.GetAsync(new GetRequest { Key = _key });

        Assert.Equal((true, 0), (hit.Hit.HasValue, hit.Hit.Value.Length));
    }

    [Fact]
    public async Task TheLargestValueIsKeptAndALargerOneIsRefusedBeforeAnythingIsSent()
    {
        var lease = await LeaseAsync();
        var largest = new byte[Caching.LeaseCache.MaxValueBytes];
        Random.Shared.NextBytes(largest);
        var fill = new FillRequest { Key = _key, LeaseToken = lease.LeaseToken, Value = ByteString.CopyFrom([.. largest, 1]) };

        await RefusedAsync("value", One.FillAsync(fill));
        fill.Value = ByteString.CopyFrom(largest);

        // The lease is still good: the first fill touched nothing.
        Assert.Equal(FillResult.Filled, (await One.FillAsync(fill)).Result);
        Assert.Equal(largest, (await Two.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToByteArray());
    }

    [Theory]
    [InlineData("a b\r\n%|#~!,日本語/ü/")]
    [InlineData("x")]
    public async Task AnyTextIsAKey(string text)
    {
        var key = $"a.b_c-9/{_key}{text}";
        await running.PutAsync(key, "value");

        Assert.Equal("value", (await Two.GetAsync(new GetRequest { Key = key })).Hit.Value.ToStringUtf8());
        Assert.Equal(Outcome.Lease, (await Two.GetAsync(new GetRequest { Key = key + "x" })).OutcomeCase);
    }

    [Fact]
    public async Task LongKeysThatDifferAtTheEndAreDifferentKeys()
    {
        var key = "long/" + _key + new string('k', 4096 - 5 - _key.Length - 1);
        await running.PutAsync(key + "1", "one");
        await running.PutAsync(key + "2", "two");

        Assert.Equal("one", (await Two.GetAsync(new GetRequest { Key = key + "1" })).Hit.Value.ToStringUtf8());
        Assert.Equal("two", (await Two.GetAsync(new GetRequest { Key = key + "2" })).Hit.Value.ToStringUtf8());
        await RefusedAsync("key", One.GetAsync(new GetRequest { Key = key + "33" }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nokey")]
    [InlineData("/key")]
    [InlineData("namespace/")]
    [InlineData("Name/key")]
    [InlineData("na me/key")]
    [InlineData("a-namespace-of-thirty-three-chars/key")]
    [InlineData("ns/\uFFFD")]
    public async Task WhatIsNoKeyIsRefused(string key)
    {
        await RefusedAsync("key", One.GetAsync(new GetRequest { Key = key }));
        await RefusedAsync("key", One.FillAsync(new FillRequest { Key = key }));
        await RefusedAsync("keys[1]", One.InvalidateAsync(new InvalidateRequest { Keys = { "good/one", key } }));
    }

    [Fact]
    public async Task WhatCannotBeIsRefusedWithTheFieldsName()
    {
        var lease = await LeaseAsync();
        await RefusedAsync("wait_ms", One.GetAsync(new GetRequest { Key = _key, WaitMs = 1001 }));
        await RefusedAsync("max_stale_ms", One.GetAsync(new GetRequest { Key = _key, MaxStaleMs = 60_001 }));
        await RefusedAsync("token", One.GetAsync(new GetRequest { Key = _key, Token = "directory:7" }));
        await RefusedAsync("content", One.FillAsync(new FillRequest { Key = _key, LeaseToken = lease.LeaseToken }));
        await RefusedAsync("absent", One.FillAsync(new FillRequest { Key = _key, LeaseToken = lease.LeaseToken, Absent = false }));
        await RefusedAsync(
            "ttl_seconds", One.FillAsync(new FillRequest { Key = _key, LeaseToken = lease.LeaseToken, Absent = true, TtlSeconds = 2_592_001 }));
        await RefusedAsync("keys", One.InvalidateAsync(new InvalidateRequest()));
        await RefusedAsync("keys", One.InvalidateAsync(new InvalidateRequest { Keys = { Enumerable.Range(0, 1001).Select(n => $"many/{n}") } }));
    }

    [Fact]
    public async Task AMadeUpLeaseIsRefused()
    {
        var lease = await LeaseAsync();
        var changed = lease.LeaseToken.ToByteArray();
        changed[3] ^= 1;

        foreach (var token in (ByteString[])
            [
                ByteString.Empty, ByteString.CopyFromUtf8("lease"), ByteString.CopyFrom(changed), ByteString.CopyFrom(lease.LeaseToken.Span[..^1]),
            ])
        {
            await RefusedAsync("lease_token", One.FillAsync(new FillRequest { Key = _key, LeaseToken = token, Absent = true }));
        }
        await RefusedAsync("lease_token", One.FillAsync(new FillRequest { Key = _key + "x", LeaseToken = lease.LeaseToken, Absent = true }));

        Assert.Equal(FillResult.Filled, (await One.FillAsync(RunningCache.Fill(_key, lease, "value"))).Result);
    }

    [Fact]
    public async Task AReadWithAWritesTokenIsAHitOnceTheWriteIsAppliedAndALeaseWithoutACacheBefore()
    {
        await running.PutAsync(_key, "value");
        var written = await running.Nodes.Directory.QueryAsync<string>(
            "SELECT ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int || '/' || pg_current_wal_flush_lsn()");

        using var patience = new CancellationTokenSource(RunningCache.Limit);
        GetResponse answer;
        do
        {
            answer = await Two.GetAsync(
                new GetRequest { Key = _key, Token = $"{NodePool.DirectoryNode}={written},n1=1/FFFFFFFF/0" }, cancellationToken: patience.Token);
        }
        while (answer.OutcomeCase != Outcome.Hit);

        var ahead = await Two.GetAsync(new GetRequest { Key = _key, Token = $"{NodePool.DirectoryNode}=1/FFFFFFFF/0" });
        Assert.Equal((Outcome.Lease, 0u), (ahead.OutcomeCase, ahead.Lease.ExpiresInMs));
        Assert.Equal(FillResult.LeaseLost, (await Two.FillAsync(RunningCache.Fill(_key, ahead.Lease, "not kept"))).Result);
        Assert.Equal("value", (await One.GetAsync(new GetRequest { Key = _key })).Hit.Value.ToStringUtf8());
    }

    [Fact]
    public async Task TheStatisticsTellOfServersAndOfTheStream()
    {
        await running.PutAsync(_key, "value");

        var stats = await One.StatsAsync(new StatsRequest());

        Assert.Equal(running.Memcached.Select(server => server.Address).Order(), stats.Servers.Select(server => server.Address).Order());
        Assert.All(stats.Servers, server => Assert.True(server is { Up: true, Items: > 0, Bytes: > 0, LimitBytes: > 0, Hits: > 0 }));
        Assert.All(stats.Servers, server => Assert.Equal(["directory", "n1"], server.Lags.Select(lag => lag.Node)));
        Assert.All(stats.Servers, server => Assert.True(server.Lags[0] is { Present: true, Generation: not 0 }));
    }

    [Fact]
    public async Task OnlyServicesMayUseItAndWhatIsNotThereYetSaysSo()
    {
        var user = new Client(running.Replicas[0].As("user:8388608"));

        var refused = await Assert.ThrowsAsync<RpcException>(() => user.GetAsync(new GetRequest { Key = _key }).ResponseAsync);
        var missing = await Assert.ThrowsAsync<RpcException>(() => One.GetManyAsync(new GetManyRequest()).ResponseAsync);

        Assert.Equal((StatusCode.PermissionDenied, StatusCode.Unimplemented), (refused.StatusCode, missing.StatusCode));
    }

    private static async Task RefusedAsync<T>(string field, AsyncUnaryCall<T> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.StartsWith(field + ": ", refused.Status.Detail, StringComparison.Ordinal);
    }

    private async Task<Lease> LeaseAsync()
    {
        var answer = await One.GetAsync(new GetRequest { Key = _key });
        Assert.Equal(Outcome.Lease, answer.OutcomeCase);
        Assert.NotEqual(0u, answer.Lease.ExpiresInMs);
        return answer.Lease;
    }

    // As a caller does it: "busy" is asked again.
    private async Task<GetResponse> GetUntilItIsThereAsync(Client client)
    {
        while (true)
        {
            var answer = await client.GetAsync(new GetRequest { Key = _key, WaitMs = 500 });
            if (answer.OutcomeCase != Outcome.Busy)
            {
                return answer;
            }
        }
    }
}
