namespace InstaGrpc.Services.IdService;

/// <summary>Where windows come from. One generator each: what is granted belongs to it alone.</summary>
public interface IIdWindows
{
    /// <summary>Grants the next window of a shard, or null while the last one ends too far ahead of the directory's clock (that clock was
    /// set back, or windows are asked for faster than time passes). Ends by itself within seconds, whatever the directory does.</summary>
    /// <exception cref="System.Data.Common.DbException">The directory does not answer.</exception>
    Task<IdWindow?> GrantAsync(int shard);

    /// <summary>Gives back what is left of windows. One whose shard was granted a later window meanwhile stays as it is.</summary>
    Task ReturnAsync(IReadOnlyCollection<IdWindowRest> rests, CancellationToken cancellation);
}
