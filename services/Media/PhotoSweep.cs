using InstaGrpc.Contracts.Positions;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>Sweeps blobs node by node, and this machine's folders.</summary>
internal sealed partial class PhotoSweep(
    BlobSweep blobs, PhotoStore store, PhotoSpool spool, NodePool pool, PhotoOptions options, TimeProvider time, ILogger<PhotoSweep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.SweepInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var node in pool.DataNodes)
            {
                await TryAsync(node.ToString(), () => SweepAsync(node, stoppingToken), stoppingToken).ConfigureAwait(false);
            }

            await TryAsync("folder", () => TidyAsync(stoppingToken), stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task SweepAsync(NodeName node, CancellationToken cancellation) => await blobs.SweepAsync(node, cancellation).ConfigureAwait(false);

    private async Task TidyAsync(CancellationToken cancellation)
    {
        spool.Sweep();
        await store.TrimVariantsAsync(options.VariantBytes, cancellation).ConfigureAwait(false);
    }

    private async Task TryAsync(string place, Func<Task> sweep, CancellationToken stopping)
    {
        try
        {
            stopping.ThrowIfCancellationRequested();
            await sweep().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end; the loop looks.
        }
        catch (Exception e) when (
            e is NpgsqlException or NodeUnavailableException or IOException or Amazon.Runtime.AmazonServiceException or HttpRequestException)
        {
            LogFailed(place, e.Message);
        }
    }

    [LoggerMessage(1702, LogLevel.Warning, "Photos of {Place} could not be swept; the next round tries again: {Reason}")]
    private partial void LogFailed(string place, string reason);
}
