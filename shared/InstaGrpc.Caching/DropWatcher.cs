using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Caching;

/// <summary>Watches the drops of every node, so that copies in this process may be served. The lineage that writes the watermarks says in the directory
/// where it serves them. A stream that ends, skips a message or is silent for a second is made anew.</summary>
public sealed partial class DropWatcher(
    CachedReads reads, ContractAnnouncer announcer, NodePool pool, string region, TimeProvider time, ILogger<DropWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan _silenceIsLoss = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        announcer.Contracts.Any(static contract => contract.Policy.Cache!.L1Ttl > TimeSpan.Zero)
            ? Task.WhenAll(pool.AllNodes.Select(node => WatchAsync(node, stoppingToken)))
            : Task.CompletedTask;

    private async Task WatchAsync(NodeName node, CancellationToken stopping)
    {
        var pause = _firstPause;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (await FindAsync(node, stopping).ConfigureAwait(false) is { } address)
                {
                    await FollowAsync(node, address, () => pause = _firstPause, stopping).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is RpcException or NpgsqlException or NodeUnavailableException or OperationCanceledException or UriFormatException)
            {
                LogLost(node, e.Message);
            }
            catch (Exception e)
            {
                LogFailed(node, e);
            }
            finally
            {
                reads.LoseDrops(node);
            }

            await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }

    private async ValueTask FollowAsync(NodeName node, string address, Action heard, CancellationToken stopping)
    {
        using var channel = GrpcChannel.ForAddress(address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}");
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stopping);

        // The first message may take as long as a connection does.
        silence.CancelAfter(_longestPause);
        var headers = new Metadata { { MetadataNames.Caller, "service:cache" } };
        using var call = new InvalidatorService.InvalidatorServiceClient(channel)
            .WatchDrops(new WatchDropsRequest { Node = node.Value }, headers, cancellationToken: silence.Token);
        while (await call.ResponseStream.MoveNext(silence.Token).ConfigureAwait(false))
        {
            silence.CancelAfter(_silenceIsLoss);
            if (!reads.ApplyDrops(node, call.ResponseStream.Current))
            {
                return;
            }

            heard();
        }
    }

    private async ValueTask<string?> FindAsync(NodeName node, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand("SELECT address FROM lineages WHERE region = $1 AND node = $2", connection)
        {
            Parameters = { new NpgsqlParameter { Value = region }, new NpgsqlParameter { Value = node.Value } },
        };
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is string { Length: > 0 } address ? address : null;
    }

    [LoggerMessage(1510, LogLevel.Debug, "The drops of node {Node} do not arrive, copies are not served: {Reason}")]
    private partial void LogLost(NodeName node, string reason);

    [LoggerMessage(1511, LogLevel.Error, "Watching the drops of node {Node} failed and is tried again; copies are not served meanwhile")]
    private partial void LogFailed(NodeName node, Exception exception);
}
