using Grpc.Core;
using InstaGrpc.Contracts.IdV1;

namespace InstaGrpc.Ratios.Ids;

/// <summary>The baseline: the method with a handler that makes nothing and answers one id.</summary>
internal sealed class EmptyIdService : IdService.IdServiceBase
{
    private readonly Task<NextResponse> _answer = Task.FromResult(new NextResponse { Ids = { 235_929_600_000_000_000 } });
    private long _answered;

    public long Answered => Interlocked.Read(ref _answered);

    public override Task<NextResponse> Next(NextRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref _answered);
        return _answer;
    }
}
