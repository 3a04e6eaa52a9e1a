using InstaGrpc.ChangeLog;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Projector;

/// <summary>Runs the fan-out of each node until the process ends. Without memcached servers there are no timelines, and jobs
/// wait.</summary>
internal sealed class FanoutService(
    NodePool pool, ShardRouter router, ChangeLogClient log, NodeNotifications notifications, FanoutOptions options, ProjectorOptions settings,
    IEnumerable<ProjectorStatus> nodes, FanoutMetrics metrics, TimeProvider time, ILogger<FanoutService> logger,
    string region, TimelineAppender? appender, FanoutHooks? hooks) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (appender is null)
        {
            return;
        }

        // One for all nodes: memcached and its connections are shared.
        var turns = new FanoutTurns(options, time);
        using var gate = new FollowerGate();
        var sender = new PageSender(appender) { AfterPage = hooks?.AfterPage };
        var rings = new RingDirectory(pool, region);
        await Task.WhenAll(nodes.Select(status => Task.Run(
            async () =>
            {
                var followers = new FollowerPages(pool, router, status.Node, options.ActiveWindow, gate);
                var progress = new ProgressWriter(pool, status.Node, rings);
                await new NodeFanout(
                    status.Node, pool, log.Options, notifications, followers, sender, turns, progress, options, settings, metrics, time, logger)
                    .RunAsync(stoppingToken).ConfigureAwait(false);
            },
            CancellationToken.None))).ConfigureAwait(false);
    }
}
