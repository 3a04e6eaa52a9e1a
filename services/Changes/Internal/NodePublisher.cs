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

    private readonly string _address = node == NodePool.DirectoryNode ? pool.Options.Directory : pool.Options.Nodes[node.Value].Primary;

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
                if (status.State == PublisherState.Streaming)
                {
                    outage.Over();
                }

                // Once a reason, and not once in a while: that would hide a change of it.
                if (outage.IsNews(e.Message))
                {
                    if (e is NpgsqlException or PublisherException or ChangeLogException or NodeUnavailableException
                        or IOException or TimeoutException or OperationCanceledException or Confluent.Kafka.KafkaException)
                    {
                        LogAway(logger, node, e.Message);
                    }
                    else
                    {
                        // A fault of ours, or something foreign in stream or topic. Whatever it is: nobody else publishes this node.
                        LogFailed(logger, node, e);
                    }
                }

                status.Become(PublisherState.Failing, e.Message);
                metrics.Failed(node);
                await Task.Delay(outage.NextPause(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
    private static partial void LogAway(ILogger logger, NodeName node, string reason);

    [LoggerMessage(1222, LogLevel.Error, "Publishing the changes of {Node} failed and is tried again")]
    private static partial void LogFailed(ILogger logger, NodeName node, Exception exception);

    [LoggerMessage(1221, LogLevel.Information, "Another process publishes the changes of {Node} now")]
    private static partial void LogLost(ILogger logger, NodeName node);
}
