using InstaGrpc.Services.IdService;

namespace InstaGrpc.Ratios.Ids;

/// <summary>Windows of a real source, written down as they are granted.</summary>
internal sealed class RecordedWindows(IIdWindows source, int shards) : IIdWindows
{
    private readonly List<IdWindow>[] _granted = [.. Enumerable.Range(0, shards).Select(static _ => new List<IdWindow>())];

    public IReadOnlyList<IdWindow> Of(int shard) => _granted[shard];

    public async Task<IdWindow?> GrantAsync(int shard)
    {
        var window = await source.GrantAsync(shard).ConfigureAwait(false);
        if (window is { } granted)
        {
            // One at a time for each shard.
            _granted[shard].Add(granted);
        }
        return window;
    }

    public Task ReturnAsync(IReadOnlyCollection<IdWindowRest> rests, CancellationToken cancellation) =>
        source.ReturnAsync(rests, cancellation);
}
