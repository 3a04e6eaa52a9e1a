using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>
/// Keeps what this process answers about viral posts longer. Which posts these are is what the projector, who sees every like, has written on their
/// nodes; every process of the role looks there now and then. It is a hint: without it answers are as true, and are made a little more often.
/// </summary>
internal sealed partial class ViralPosts(
    NodePool pool, CachedReads reads, MediaOptions options, MediaMetrics metrics, TimeProvider time, ILogger<ViralPosts> logger) : BackgroundService
{
    private readonly Dictionary<NodeName, long[]> _known = [];

    /// <summary>Looks at every node. What can't be asked stays as it was known.</summary>
    public async ValueTask LookAsync(CancellationToken cancellation)
    {
        foreach (var node in pool.DataNodes)
        {
            try
            {
                _known[node] = await ReadAsync(node, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
                LogFailed(node, e.Message);
            }
        }

        reads.Prolonged = new ProlongedEntries(_known.Values.SelectMany(static ids => ids), options.ViralTtlFactor);
        metrics.ViralPosts = reads.Prolonged.Count;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(options.ViralPoll, time, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async ValueTask<long[]> ReadAsync(NodeName node, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(MediaSql.ViralPosts, connection);
        return (long[])(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    [LoggerMessage(1701, LogLevel.Debug, "Node {Node} could not be asked for its viral posts; those that are known stay so: {Reason}")]
    private partial void LogFailed(NodeName node, string reason);
}
