using Google.Protobuf;
using InstaGrpc.Caching;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Runs a batch's handler for the items that are missing on one node, and takes its answer apart.</summary>
internal sealed class CachedBatchRun(CachedRuns runs, CachedEndpoint endpoint, BatchItems items) : IBatchRun
{
    public async ValueTask<IReadOnlyList<HandlerAnswer>> RunAsync(
        HandlerRunContext context, IReadOnlyList<int> wanted, CancellationToken cancellation)
    {
        var (response, cacheable) = await runs.RunAsync(endpoint, context, items.RequestFor(wanted), cancellation).ConfigureAwait(false);
        var found = items.Split(response);
        var answers = new HandlerAnswer[wanted.Count];
        for (var i = 0; i < wanted.Count; i++)
        {
            var answer = found.TryGetValue(items.KeyOf(wanted[i]), out var item)
                ? HandlerAnswer.Present(item.ToByteArray(), item)
                : HandlerAnswer.Absent;
            answers[i] = cacheable ? answer : answer.ButUncacheable();
        }

        return answers;
    }
}
