namespace InstaGrpc.Services.IdService;

/// <summary>Where windows come from.</summary>
public interface IIdWindows
{
    /// <summary>Grants the next window of a shard, or null while the last one ends too far ahead of the directory's clock (that clock was set
    /// back, or windows are asked for faster than time passes).</summary>
    /// <exception cref="System.Data.Common.DbException">The directory does not answer.</exception>
    ValueTask<IdWindow?> GrantAsync(int shard, CancellationToken cancellation);

    /// <summary>Gives back what is left of the window that ends at <paramref name="end"/>, from <paramref name="usedEnd"/> on. Nothing happens
    /// if somebody was granted a later window meanwhile.</summary>
    ValueTask ReturnAsync(int shard, long usedEnd, long end, CancellationToken cancellation);
}
