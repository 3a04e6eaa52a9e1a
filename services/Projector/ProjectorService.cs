using InstaGrpc.ChangeLog;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Projector.Internal;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Projector;

/// <summary>Runs a worker for each node until the process ends.</summary>
public sealed class ProjectorService(
    NodePool pool, ShardRouter router, ChangeLogClient log, ProjectionRebuild rebuild, ProjectorOptions options, FanoutOptions fanout,
    NodeNotifications notifications, ProjectorMetrics metrics, IEnumerable<ProjectorStatus> statuses, TimeProvider time,
    ILogger<ProjectorService> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(statuses.Select(status => Task.Run(
        () => new NodeProjector(status.Node, pool, router, log, rebuild, options, fanout, notifications, metrics, status, time, logger)
            .RunAsync(stoppingToken),
        CancellationToken.None)));
}
