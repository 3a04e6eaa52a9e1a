using System.Runtime.CompilerServices;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.ShardMap;

/// <summary>Lets callers follow the map. Nothing is queued for them: a slow one gets the newest map when it is ready for it, and with it
/// every change that it missed, since a shard knows the epoch of its last change.</summary>
internal sealed class MapWatchers(ShardRouter router, IOptions<ShardMapOptions> options, IHostApplicationLifetime lifetime)
{
    private int _watching;

    /// <summary>The map now, then each newer one. With each the epoch that the caller knows: only shards that changed after it are
    /// news.</summary>
    /// <param name="known">What the caller knows at first; 0: nothing.</param>
    /// <param name="cancellation">Ends the watching.</param>
    /// <exception cref="ResourceExhaustedException">Enough are watching.</exception>
    /// <exception cref="UnavailableException">The process ends.</exception>
    /// <exception cref="NodeUnavailableException">The directory can't be read, and no map is known yet.</exception>
    public async IAsyncEnumerable<(ShardPlacement Map, long Since)> FollowAsync(
        long known, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _watching) > options.Value.MaxWatchers)
        {
            Interlocked.Decrement(ref _watching);
            throw new ResourceExhaustedException(
                $"{options.Value.MaxWatchers} callers watch the map here already", TimeSpan.FromSeconds(1));
        }
        // A stream without end would hold up an orderly stop.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        try
        {
            var map = await UntilStopAsync(router.GetAsync(either.Token), cancellation).ConfigureAwait(false);
            if (map.Epoch < known)
            {
                map = await UntilStopAsync(router.RefreshAsync(either.Token), cancellation).ConfigureAwait(false);
            }
            while (true)
            {
                // Behind what the caller knows: the directory is an older copy that was restored, and every shard is news.
                yield return (map, map.Epoch < known ? 0 : known);
                known = map.Epoch;
                map = await UntilStopAsync(router.WaitForChangeAsync(known, either.Token), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _watching);
        }
    }

    private static async ValueTask<ShardPlacement> UntilStopAsync(ValueTask<ShardPlacement> map, CancellationToken caller)
    {
        try
        {
            return await map.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw new UnavailableException("this process is stopping; watch again, from the epoch that you know");
        }
    }
}
