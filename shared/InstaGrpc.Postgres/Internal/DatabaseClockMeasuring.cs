using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres.Internal;

/// <summary>Keeps the offsets of all nodes' clocks measured. A clock that is not known yet is tried every second.</summary>
internal sealed partial class DatabaseClockMeasuring(
    NodePool pool, DatabaseClock clock, TimeProvider time, ILogger<DatabaseClockMeasuring> logger) : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(pool.AllNodes.Select(node => KeepAsync(node, stoppingToken)));

    private async Task KeepAsync(NodeName node, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var good = false;
            try
            {
                good = await clock.MeasureAsync(node, cancellation).ConfigureAwait(false);
                if (!good)
                {
                    LogTooSlow(node, pool.Options.ClockMaxRoundTrip.TotalMilliseconds);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NodeUnavailableException or NpgsqlException)
            {
                LogNotMeasured(node, e.Message);
            }

            var pause = good || pool.Options.ClockInterval < RetryPause ? pool.Options.ClockInterval : RetryPause;
            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1420, LogLevel.Debug, "The clock of {Node} was not measured: every round trip took more than {Limit} ms")]
    private partial void LogTooSlow(NodeName node, double limit);

    [LoggerMessage(1421, LogLevel.Debug, "The clock of {Node} was not measured: {Reason}")]
    private partial void LogNotMeasured(NodeName node, string reason);
}
