using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Services.IdService;

/// <summary>Makes ids for any shard. One instance a process; any number of processes.</summary>
public sealed class IdGenerator(IIdWindows windows, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly ShardIds?[] _shards = new ShardIds?[InstaId.Shards];

    /// <summary>Fills <paramref name="ids"/> with ids of the shard, ascending.</summary>
    /// <exception cref="IdsUnavailableException">The directory grants no window before <paramref name="cancellation"/>; the message says why.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up while it waited for the clock only.</exception>
    public ValueTask FillAsync(int shard, Memory<long> ids, CancellationToken cancellation)
    {
        var own = ForShard(shard);
        var (taken, shortage) = own.TryTake(ids.Span);
        return taken == ids.Length ? ValueTask.CompletedTask : FillSlowAsync(own, shard, ids[taken..], shortage, cancellation);
    }

    /// <summary>Writes as many ids of the shard as can be had without waiting; their number.</summary>
    public int TryTake(int shard, Span<long> ids) => ForShard(shard).TryTake(ids).Taken;

    /// <summary>Gives the rests of all windows back, so that the next instance does not start ahead of the clock.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var shard in _shards)
        {
            if (shard is not null)
            {
                await shard.ReturnAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private ShardIds ForShard(int shard) =>
        Volatile.Read(ref _shards[shard])
        ?? Interlocked.CompareExchange(ref _shards[shard], new ShardIds(shard, windows, time), null)
        ?? _shards[shard]!;

    private async ValueTask FillSlowAsync(ShardIds own, int shard, Memory<long> ids, IdShortage shortage, CancellationToken cancellation)
    {
        while (true)
        {
            if (shortage == IdShortage.Millisecond)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellation).ConfigureAwait(false);
            }
            else
            {
                await RenewAsync(own, shard, cancellation).ConfigureAwait(false);
            }
            (var taken, shortage) = own.TryTake(ids.Span);
            if (taken == ids.Length)
            {
                return;
            }
            ids = ids[taken..];
        }
    }

    private async ValueTask RenewAsync(ShardIds own, int shard, CancellationToken cancellation)
    {
        try
        {
            while (!await own.RenewAsync(cancellation).ConfigureAwait(false))
            {
                await Task.Delay(RetryPause, time, cancellation).ConfigureAwait(false);
            }
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
