using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>The publisher of one node in this process: waits to be elected, runs sessions, and tries again when one fails.</summary>
internal sealed partial class NodePublisher(
    NodeName node, NodePool pool, ChangeLogClient log, DirectoryNotifications? notifications, ChangesOptions options,
        ChangesMetrics metrics,
    PublisherStatus status, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    private readonly string _address = node == NodePool.DirectoryNode ? pool.Options.Directory : pool.Options.Nodes[node.Value].Primary;

    public async Task RunAsync(CancellationToken stop)
    {
        var pause = _firstPause;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stop).ConfigureAwait(false);
                pause = _firstPause;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is NpgsqlException or PublisherException or ChangeLogException or NodeUnavailableException
                or IOException or TimeoutException or OperationCanceledException or Confluent.Kafka.KafkaException)
            {
                // Said once a minute at most would hide that it changed its reason; so: once a reason.
                if (status.Reason != e.Message)
                {
                    LogFailed(logger, node, e.Message, e is PublisherException or ChangeLogException ? null : e);
                }

                pause = status.State == PublisherState.Streaming ? _firstPause : pause;
                status.Become(PublisherState.Failing, e.Message);
                metrics.Failed(node);
                await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, _longestPause.Ticks));
            }
        }

        status.Become(PublisherState.Stopped);
    }

    private async Task RunOnceAsync(CancellationToken stop)
    {
        var directory = PostgresAddress.Parse(pool.Options.Directory);
        directory.Pooling = false;
        directory.ApplicationName = "insta changes lock";
        await using var election = new DirectoryElection(directory.ConnectionString, $"changes|{log.Options.Prefix}|{node}", time);
        if (status.State != PublisherState.Failing)
        {
            status.Become(PublisherState.StandingBy);
        }

        await election.WinAsync(stop).ConfigureAwait(false);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var losing = election.WaitForLossAsync(lost.Token);
        var publication = new ContractPublication(
            node,
            PublicationName.Of(log.Options.Prefix, node),
            pool.Directory,
            node == NodePool.DirectoryNode ? ProjectedTables.OfDirectory : ProjectedTables.OfNodes,
            options,
            logger);
        var session = new PublisherSession(node, _address, log, publication, notifications, options, metrics, status, time, logger);
        var running = session.RunAsync(lost.Token);
        if (await Task.WhenAny(running, losing).ConfigureAwait(false) == losing && !stop.IsCancellationRequested)
        {
            LogLost(logger, node);
        }

        await lost.CancelAsync().ConfigureAwait(false);
        await losing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await running.ConfigureAwait(false);
    }

    [LoggerMessage(1220, LogLevel.Warning, "The changes of {Node} can't be published, trying again: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeName node, string reason, Exception? exception);

    [LoggerMessage(1221, LogLevel.Information, "Another process publishes the changes of {Node} now")]
    private static partial void LogLost(ILogger logger, NodeName node);
}
