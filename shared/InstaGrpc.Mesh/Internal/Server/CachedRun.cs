using Google.Protobuf;
using InstaGrpc.Caching;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Runs a cached method's handler for one request.</summary>
internal sealed class CachedRun(CachedRuns runs, CachedEndpoint endpoint, IMessage request) : IHandlerRun
{
    public async ValueTask<HandlerAnswer> RunAsync(HandlerRunContext context, CancellationToken cancellation)
    {
        var (response, cacheable) = await runs.RunAsync(endpoint, context, request, cancellation).ConfigureAwait(false);
        var answer = response is null ? HandlerAnswer.Absent : HandlerAnswer.Present(response.ToByteArray(), response);
        return cacheable ? answer : answer.ButUncacheable();
    }
}
