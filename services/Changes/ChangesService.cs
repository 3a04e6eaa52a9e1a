using InstaGrpc.ChangeLog;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Changes;

/// <summary>
/// Runs a publisher for each node until the process ends. It ends in the Stopping phase, before any other service is stopped: with the
/// embedded broker the consumers of this process must still read what was published, or the next start begins with a gap.
/// </summary>
public sealed class ChangesService(
    NodePool pool, ChangeLogClient log, DirectoryNotifications notifications, IOptions<ChangesOptions> options, ChangesMetrics metrics,
    IEnumerable<PublisherStatus> statuses, TimeProvider time, ILogger<ChangesService> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = Task.WhenAll(statuses.Select(status => Task.Run(
            () => new NodePublisher(
                status.Node, pool, log, notifications, options.Value, metrics, status, time, logger).RunAsync(_stop.Token),
            CancellationToken.None)));
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StopAsync(CancellationToken cancellationToken) => StoppingAsync(cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stop.Dispose();
}
