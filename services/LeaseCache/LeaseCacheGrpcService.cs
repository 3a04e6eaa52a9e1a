using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts.LeasecacheV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;

namespace InstaGrpc.Services.LeaseCache;

/// <summary>The contract <c>insta.leasecache.v1.LeaseCacheService</c> over <see cref="Caching.LeaseCache"/>.</summary>
internal sealed class LeaseCacheGrpcService(Caching.LeaseCache cache, ServerStatistics statistics, TimeProvider time)
    : LeaseCacheService.LeaseCacheServiceBase
{
    private const uint MaxWaitMs = 1000;
    private const uint DefaultTtlSeconds = 3600;
    private const uint MaxTtlSeconds = 30 * 86_400;
    private const int MaxKeys = 1000;

    // Of the time that the caller gives: to wait longer would only turn "busy" into DEADLINE_EXCEEDED.
    private const double ShareOfDeadline = 0.8;

    public override async Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        var key = EntryKey.Check(request.Key, "key");
        if (request.WaitMs > MaxWaitMs)
        {
            throw new InvalidFieldException("wait_ms", $"must be 0 to {MaxWaitMs}");
        }
        var maxStale = TimeSpan.FromMilliseconds(request.MaxStaleMs);
        if (maxStale > Caching.LeaseCache.MostStale)
        {
            throw new InvalidFieldException("max_stale_ms", $"must be 0 to {Caching.LeaseCache.MostStale.TotalMilliseconds}");
        }
        if (!ReadToken.TryParse(request.Token, out var token))
        {
            throw new InvalidFieldException("token", $"must be as {ReadToken.MetadataKey} has it: <node>=<timeline>/<LSN>[,...]");
        }

        var answer = await cache.GetAsync(
            key, Wait(request, context), maxStale, token.TryGet(NodePool.DirectoryNode, out var position) ? position : null,
            context.CancellationToken).ConfigureAwait(false);
        return answer switch
        {
            LeaseAnswer.Hit { Value: { } value } => new GetResponse { Hit = new Hit { Value = UnsafeByteOperations.UnsafeWrap(value) } },
            LeaseAnswer.Hit => new GetResponse { Hit = new Hit() },
            LeaseAnswer.Stale { Value: { } value } stale => new GetResponse
            {
                Stale = new Stale { Value = UnsafeByteOperations.UnsafeWrap(value), AgeMs = Milliseconds(stale.Age) },
            },
            LeaseAnswer.Stale stale => new GetResponse { Stale = new Stale { AgeMs = Milliseconds(stale.Age) } },
            LeaseAnswer.Lease lease => new GetResponse
            {
                Lease = new Lease
                {
                    LeaseToken = LeaseSeal.Seal(key, lease.Token.Span), Fence = lease.Fence, ExpiresInMs = Milliseconds(lease.ExpiresIn),
                },
            },
            LeaseAnswer.Busy busy => new GetResponse { Busy = new Busy { RetryAfterMs = Milliseconds(busy.RetryAfter) } },
            _ => throw new InvalidOperationException($"{answer.GetType()} is no answer of a lease cache."),
        };
    }

    public override async Task<FillResponse> Fill(FillRequest request, ServerCallContext context)
    {
        var key = EntryKey.Check(request.Key, "key");
        ReadOnlyMemory<byte>? value = request.ContentCase switch
        {
            FillRequest.ContentOneofCase.Value when request.Value.Length <= Caching.LeaseCache.MaxValueBytes => request.Value.Memory,
            FillRequest.ContentOneofCase.Value => throw new InvalidFieldException(
                "value", $"must be at most {Caching.LeaseCache.MaxValueBytes} bytes, and has {request.Value.Length}"),
            // Cast: a bare null would become an empty value, by way of byte[].
            FillRequest.ContentOneofCase.Absent when request.Absent => (ReadOnlyMemory<byte>?)null,
            FillRequest.ContentOneofCase.Absent => throw new InvalidFieldException("absent", "must be true, or give a value instead"),
            _ => throw new InvalidFieldException("content", "give value or absent"),
        };
        if (request.TtlSeconds > MaxTtlSeconds)
        {
            throw new InvalidFieldException("ttl_seconds", $"must be 1 to {MaxTtlSeconds}; 0 means {DefaultTtlSeconds}");
        }
        if (!LeaseSeal.TryOpen(key, request.LeaseToken, out var token))
        {
            throw new InvalidFieldException("lease_token", "must be one that Get gave for this key");
        }

        var ttl = TimeSpan.FromSeconds(request.TtlSeconds == 0 ? DefaultTtlSeconds : request.TtlSeconds);
        var filled = await cache.FillAsync(key, token, value, ttl, context.CancellationToken).ConfigureAwait(false);
        return new FillResponse { Result = filled ? FillResult.Filled : FillResult.LeaseLost };
    }

    public override async Task<InvalidateResponse> Invalidate(InvalidateRequest request, ServerCallContext context)
    {
        if (request.Keys.Count is < 1 or > MaxKeys)
        {
            throw new InvalidFieldException("keys", $"must be 1 to {MaxKeys} keys");
        }
        for (var i = 0; i < request.Keys.Count; i++)
        {
            if (EntryKey.Fault(request.Keys[i]) is { } fault)
            {
                throw new InvalidFieldException($"keys[{i}]", fault);
            }
        }
        try
        {
            await cache.InvalidateAsync(request.Keys, context.CancellationToken).ConfigureAwait(false);
        }
        catch (MemcachedException e)
        {
            throw new UnavailableException("a cache server can't be asked: some of the keys may be unmarked; call again", e);
        }
        return new InvalidateResponse();
    }

    public override async Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context) =>
        new() { Servers = { await statistics.ReadAsync(context.CancellationToken).ConfigureAwait(false) } };

    private static uint Milliseconds(TimeSpan time) => (uint)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, uint.MaxValue);

    private TimeSpan Wait(GetRequest request, ServerCallContext context)
    {
        var wait = TimeSpan.FromMilliseconds(request.WaitMs);
        var left = (context.Deadline - time.GetUtcNow().UtcDateTime) * ShareOfDeadline;
        return left < wait ? left : wait;
    }
}
