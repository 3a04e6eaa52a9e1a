using System.Threading.Channels;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Photos;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Services.Media;

/// <summary>Tells the edges of deleted photos beside the calls that delete them. What is dropped here, because they are slow, the sweep tells.</summary>
internal sealed class EdgePurges(IEdgePurge edge) : BackgroundService
{
    private readonly Channel<IReadOnlyList<string>> _waiting = Channel.CreateBounded<IReadOnlyList<string>>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Every URL of a post's photos.</summary>
    public static IReadOnlyList<string> PathsOf(long media, IReadOnlyList<Photo> photos) =>
    [
        .. from index in Enumerable.Range(0, photos.Count)
           from variant in PhotoVariant.All
           where variant != PhotoVariant.Avatar
           select PhotoUrl.Of(media, index, photos[index].BlobId, variant),
    ];

    public void Soon(long media, IReadOnlyList<Photo> photos)
    {
        if (photos.Count > 0)
        {
            _waiting.Writer.TryWrite(PathsOf(media, photos));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var paths in _waiting.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                await edge.PurgeAsync(paths, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }
}
