using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Services.IdService;

/// <summary>Makes ids for any shard. One instance a process; any number of processes.</summary>
public sealed class IdGenerator(IIdWindows windows, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(2);

    private readonly ShardIds?[] _shards = new ShardIds?[InstaId.Shards];

    /// <summary>Fills <paramref name="ids"/> with ids of the shard, ascending.</summary>
    /// <exception cref="IdsUnavailableException">There were not enough before <paramref name="cancellation"/>; the message says
    /// why.</exception>
    public ValueTask FillAsync(int shard, Memory<long> ids, CancellationToken cancellation)
    {
        var own = ForShard(shard);
        var (taken, shortage) = own.TryTake(ids.Span);
        return taken == ids.Length ? ValueTask.CompletedTask : FillSlowAsync(own, shard, ids[taken..], shortage, cancellation);
    }

    /// <summary>Writes as many ids of the shard as can be had without waiting, ascending; their number.</summary>
    public int TryTake(int shard, Span<long> ids) => ForShard(shard).TryTake(ids).Taken;

    /// <summary>Gives the rests of all windows back, so that the next instance does not start ahead of the clock. It is a courtesy, and
    /// ends after 2 s: windows that are not given back are skipped.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(ReturnLimit, time);
        try
        {
            var rests = new List<IdWindowRest>();
            foreach (var shard in _shards)
            {
                if (shard is not null && await shard.EndAsync(limit.Token).ConfigureAwait(false) is { } rest)
                {
                    rests.Add(rest);
                }
            }
            if (rests.Count > 0)
            {
                await windows.ReturnAsync(rests, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is System.Data.Common.DbException or OperationCanceledException)
        {
            // The directory is away.
        }
    }

    private ShardIds ForShard(int shard) =>
        Volatile.Read(ref _shards[shard])
        ?? Interlocked.CompareExchange(ref _shards[shard], new ShardIds(shard, windows, time), null)
        ?? _shards[shard]!;

    private async ValueTask FillSlowAsync(ShardIds own, int shard, Memory<long> ids, IdShortage shortage, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (shortage == IdShortage.Millisecond)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellation).ConfigureAwait(false);
                }
                else
                {
                    while (!await own.RenewAsync(cancellation).ConfigureAwait(false))
                    {
                        await Task.Delay(RetryPause, time, cancellation).ConfigureAwait(false);
                    }
                }
                (var taken, shortage) = own.TryTake(ids.Span);
                if (taken == ids.Length)
                {
                    return;
                }
                ids = ids[taken..];
            }
        }
        catch (OperationCanceledException) when (shortage == IdShortage.Millisecond)
        {
            throw new IdsUnavailableException(
                $"shard {shard} has {InstaId.Sequences} ids a ms, and {ids.Length} are missing: ask for fewer, or give more time");
        }
        catch (OperationCanceledException)
        {
            throw new IdsUnavailableException(
                $"no id window for shard {shard} in time: the last window ends too far ahead of the directory's clock (was it set back?), "
                + "or the directory is slow");
        }
        catch (System.Data.Common.DbException e)
        {
            throw new IdsUnavailableException($"no id window for shard {shard}: the directory database does not answer", e);
        }
    }
}
