using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>The worker of one node in this process: waits to be elected, folds, and tries again when something fails.</summary>
internal sealed partial class NodeProjector(
    NodeName node, NodePool pool, ShardRouter router, ChangeLogClient log, ProjectionRebuild rebuild, ProjectorOptions options,
    FanoutOptions fanout, NodeNotifications notifications, ProjectorMetrics metrics, ProjectorStatus status, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(CancellationToken stop)
    {
        var outage = new Outage(_firstPause);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stop).ConfigureAwait(false);
                outage.Over();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                if (status.State == ProjectorState.Folding)
                {
                    outage.Over();
                }

                if (outage.IsNews(e.Message))
                {
                    if (e is NpgsqlException or NodeUnavailableException or ChangeLogException or ProjectorSupersededException
                        or InvalidDataException or TimeoutException or IOException or OperationCanceledException)
                    {
                        LogAway(logger, node, e.Message);
                    }
                    else
                    {
                        // A fault of ours, or of a record's writer: the other nodes go on, and this one must not be over without a word.
                        LogFailed(logger, node, e);
                    }
                }

                status.Become(ProjectorState.Failing, e.Message);
                metrics.Failed(node);
                await Task.Delay(outage.NextPause(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        status.Become(ProjectorState.Stopped);
    }

    private async Task RunOnceAsync(CancellationToken stop)
    {
        var directory = PostgresAddress.Parse(pool.Options.Directory);
        directory.Pooling = false;
        directory.ApplicationName = "insta projector lock";
        await using var election = new DirectoryElection(directory.ConnectionString, $"projector|{log.Options.Prefix}|{node}", time);
        if (status.State != ProjectorState.Failing)
        {
            status.Become(ProjectorState.StandingBy);
        }

        await election.WinAsync(stop).ConfigureAwait(false);
        if (status.State != ProjectorState.Failing)
        {
            status.Become(ProjectorState.Starting);
        }

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var losing = election.WaitForLossAsync(lost.Token);
        var session = new ProjectionSession(node, pool, router, log, rebuild, options, fanout, notifications, metrics, time, logger);
        var running = session.RunAsync(() => status.Become(ProjectorState.Folding), lost.Token);
        await Task.WhenAny(running, losing).ConfigureAwait(false);
        await lost.CancelAsync().ConfigureAwait(false);
        await losing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await running.ConfigureAwait(false);
    }

    [LoggerMessage(1310, LogLevel.Warning, "The stream of {Node} can't be folded, trying again: {Reason}")]
    private static partial void LogAway(ILogger logger, NodeName node, string reason);

    [LoggerMessage(1311, LogLevel.Error, "Folding the stream of {Node} failed and is tried again")]
    private static partial void LogFailed(ILogger logger, NodeName node, Exception exception);
}
