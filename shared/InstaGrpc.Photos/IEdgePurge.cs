namespace InstaGrpc.Photos;

/// <summary>Tells caches at the edge that URLs are gone. Called for a deleted post at once, again by the rounds of the sweep that follow, and once more
/// before its row goes: an edge that was away for one is told by another.</summary>
public interface IEdgePurge
{
    /// <summary>Purges.</summary>
    /// <param name="paths">As <see cref="PhotoUrl"/> writes them; every variant that is served under one goes.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask PurgeAsync(IReadOnlyList<string> paths, CancellationToken cancellation);
}
