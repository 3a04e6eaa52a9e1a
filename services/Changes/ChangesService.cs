using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Changes;

/// <summary>Runs a publisher for each node until the process ends; its stop is the orderly one.</summary>
public sealed class ChangesService(
    NodePool pool, ChangeLogClient log, DirectoryNotifications notifications, IOptions<ChangesOptions> options, ChangesMetrics metrics,
    IEnumerable<PublisherStatus> statuses, TimeProvider time, ILogger<ChangesService> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(statuses.Select(status => new NodePublisher(
            status.Node, pool, log, notifications, options.Value, metrics, status, time, logger).RunAsync(stoppingToken)));
}
