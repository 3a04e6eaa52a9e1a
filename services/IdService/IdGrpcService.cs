using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.IdService;

/// <summary>The contract <c>insta.id.v1.IdService</c> over <see cref="IdGenerator"/>.</summary>
internal sealed class IdGrpcService(IdGenerator ids, TimeProvider time) : Contracts.IdV1.IdService.IdServiceBase
{
    private const int MaxCount = 65_536;

    // Of the time that the caller gives: to wait longer would only turn a reason into DEADLINE_EXCEEDED.
    private const double ShareOfDeadline = 0.8;

    public override Task<NextResponse> Next(NextRequest request, ServerCallContext context)
    {
        var shard = request.TargetCase switch
        {
            NextRequest.TargetOneofCase.Shard when request.Shard < InstaId.Shards => (int)request.Shard,
            NextRequest.TargetOneofCase.Shard => throw new InvalidFieldException("shard", "must be 0 to 8191"),
            NextRequest.TargetOneofCase.ForUserId when request.ForUserId > 0 => new InstaId(request.ForUserId).Shard,
            NextRequest.TargetOneofCase.ForUserId => throw new InvalidFieldException("for_user_id", "must be an id: a number above 0"),
            _ => throw new InvalidFieldException("target", "give shard or for_user_id"),
        };
        if (request.Count > MaxCount)
        {
            throw new InvalidFieldException("count", "must be 1 to 65536; 0 means 1");
        }

        if (request.Count <= 1)
        {
            long one = 0;
            return ids.TryTake(shard, new Span<long>(ref one)) == 1
                ? Task.FromResult(new NextResponse { Ids = { one } })
                : WaitAsync(shard, 1, context);
        }
        return WaitAsync(shard, (int)request.Count, context);
    }

    public override Task<DecodeResponse> Decode(DecodeRequest request, ServerCallContext context)
    {
        if (request.Id <= 0)
        {
            throw new InvalidFieldException("id", "must be an id: a number above 0");
        }
        var id = new InstaId(request.Id);
        return Task.FromResult(new DecodeResponse
        {
            Time = Timestamp.FromDateTimeOffset(id.Time),
            Shard = (uint)id.Shard,
            Sequence = (uint)id.Sequence,
        });
    }

    private async Task<NextResponse> WaitAsync(int shard, int count, ServerCallContext context)
    {
        var made = new long[count];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var limit = time.CreateTimer(
            static source => ((CancellationTokenSource)source!).Cancel(), patience, Patience(context), Timeout.InfiniteTimeSpan);
        try
        {
            await ids.FillAsync(shard, made, patience.Token).ConfigureAwait(false);
        }
        catch (IdsUnavailableException e) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new UnavailableException(e.Message, e);
        }
        catch (IdsUnavailableException)
        {
            throw new OperationCanceledException(context.CancellationToken);
        }
        return new NextResponse { Ids = { made } };
    }

    private TimeSpan Patience(ServerCallContext context)
    {
        var left = context.Deadline - time.GetUtcNow().UtcDateTime;
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(1) ? Timeout.InfiniteTimeSpan : left * ShareOfDeadline;
    }
}
