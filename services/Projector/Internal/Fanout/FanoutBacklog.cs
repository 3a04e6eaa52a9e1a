using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>Counts what waits on a node, for its metrics.</summary>
internal sealed partial class FanoutBacklog(NodeName node, NodePool pool, FanoutMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                try
                {
                    await CountAsync(cancellation).ConfigureAwait(false);
                }
                catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
                {
                    LogFailed(logger, node, e.Message);
                }

                await Task.Delay(_interval, time, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            metrics.WaitsElsewhere(node);
        }
    }

    private async Task CountAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.Backlog, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        metrics.Waits(node, reader.GetInt64(0), reader.GetInt64(1), TimeSpan.FromSeconds(Math.Max(0, reader.GetDouble(2))));
    }

    [LoggerMessage(1324, LogLevel.Debug, "What waits in the fan-out of {Node} could not be counted: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeName node, string reason);
}
