using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Host.Client;
using InstaGrpc.Host.Import;

namespace InstaGrpc.Host.Warm;

/// <summary>Reads the home feeds and the counts of many users through the mesh, so many a second: a timeline that is not there is made, and what a
/// page shows is cached. As a service, so that nobody is taken for active because he was warmed.</summary>
/// <param name="mesh">Whom to ask.</param>
/// <param name="perSecond">Users.</param>
internal sealed class FeedWarming(MeshConnection mesh, double perSecond)
{
    private const int AtATime = 32;
    private const int CountsAtOnce = 100;

    private long _warmed;
    private long _gone;

    /// <summary>Users whose feed was read.</summary>
    public long Warmed => Interlocked.Read(ref _warmed);

    /// <summary>Users who are not there any more.</summary>
    public long Gone => Interlocked.Read(ref _gone);

    public async Task RunAsync(IAsyncEnumerable<long[]> pages, Progress progress, CancellationToken ct)
    {
        var pacing = new Pacing(perSecond);
        var limit = new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = ct };
        await foreach (var page in pages.WithCancellation(ct))
        {
            await Parallel.ForEachAsync(page.Chunk(CountsAtOnce), limit, async (some, cancellation) =>
            {
                var request = new BatchGetUserCountsRequest { UserIds = { some } };
                await mesh.Graph.BatchGetUserCountsAsync(request, MeshConnection.AsService("warm", cancellation));
            });
            await Parallel.ForEachAsync(page, limit, async (user, cancellation) =>
            {
                await pacing.WaitAsync(cancellation);
                await ReadAsync(user, cancellation);
                progress.Add();
            });
        }
    }

    private async Task ReadAsync(long user, CancellationToken cancellation)
    {
        try
        {
            await mesh.Feed.HomeFeedAsync(new HomeFeedRequest { UserId = user }, MeshConnection.AsService("warm", cancellation));
            Interlocked.Increment(ref _warmed);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            Interlocked.Increment(ref _gone);
        }
    }

    /// <summary>Gives everybody a moment of his own, evenly apart. Who comes late does not make those after him hurry.</summary>
    private sealed class Pacing(double perSecond)
    {
        private readonly Lock _gate = new();
        private readonly TimeSpan _apart = TimeSpan.FromSeconds(1 / perSecond);
        private DateTime _next = DateTime.UtcNow;

        public Task WaitAsync(CancellationToken cancellation)
        {
            DateTime mine;
            lock (_gate)
            {
                var now = DateTime.UtcNow;
                mine = _next > now ? _next : now;
                _next = mine + _apart;
            }

            var wait = mine - DateTime.UtcNow;
            return wait > TimeSpan.Zero ? Task.Delay(wait, cancellation) : Task.CompletedTask;
        }
    }
}
