using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>Removes jobs some time after their end, and old notifications. A notice stays: it is what says that its author is
/// pulled.</summary>
internal sealed partial class FanoutSweep(NodeName node, NodePool pool, ProjectorOptions settings, TimeProvider time, ILogger logger)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(settings.SweepInterval, time, cancellation).ConfigureAwait(false);
            try
            {
                await SweepAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
                LogFailed(logger, node, e.Message);
            }
        }
    }

    public async Task SweepAsync(CancellationToken cancellation)
    {
        await RepeatAsync(FanoutSql.SweepJobs, settings.JobRetention, cancellation).ConfigureAwait(false);
        await RepeatAsync(FanoutSql.SweepNotifications, settings.NotificationRetention, cancellation).ConfigureAwait(false);
        await RepeatAsync(FanoutSql.SweepDepartedNotifications, null, cancellation).ConfigureAwait(false);
        await RepeatAsync(FanoutSql.SweepDepartedHeads, null, cancellation).ConfigureAwait(false);
    }

    private async Task RepeatAsync(string sql, TimeSpan? age, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        if (age is { } oldest)
        {
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = oldest });
        }

        while (await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0)
        {
        }
    }

    [LoggerMessage(1323, LogLevel.Warning, "Ended jobs and old notifications of {Node} could not be swept; the next round tries again: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeName node, string reason);
}
