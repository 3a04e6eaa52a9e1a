using InstaGrpc.Postgres.Internal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// Listens to the directory and wakes those who wait for a change. A notification says that something changed, never what: that is read
/// from the tables, and again at each (re)connect, since what was said meanwhile is lost. Waiting with a timeout and reading anyway is the
/// net under it.
/// </summary>
public sealed partial class DirectoryNotifications : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly NodePool _pool;
    private readonly ShardRouter _router;
    private readonly TimeProvider _time;
    private readonly ILogger<DirectoryNotifications> _logger;
    private readonly Signal _contracts = new();
    private readonly Signal _shards = new();

    public DirectoryNotifications(NodePool pool, ShardRouter router, TimeProvider time, ILogger<DirectoryNotifications> logger)
    {
        _pool = pool;
        _router = router;
        _time = time;
        _logger = logger;
    }

    /// <summary>Rises with each notification. Take it before reading the tables, and wait for it to pass this value.</summary>
    public long Version(DirectoryChannel channel) => Of(channel).Version;

    /// <summary>Completes when the version has passed <paramref name="seen"/>.</summary>
    public Task WaitAsync(DirectoryChannel channel, long seen, CancellationToken cancellation) => Of(channel).WaitAsync(seen, cancellation);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var down = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _pool.OpenAsync(
                    NodePool.DirectoryNode, _pool.Aside(NodePool.DirectoryNode), stoppingToken).ConfigureAwait(false);
                connection.Notification += (_, notification) =>
                    Of(notification.Channel == "insta_shards" ? DirectoryChannel.Shards : DirectoryChannel.Contracts).Raise();
                await using (var listen = new NpgsqlCommand("LISTEN insta_contracts; LISTEN insta_shards", connection))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken).ConfigureAwait(false);
                }

                down = false;
                _contracts.Raise();
                _shards.Raise();
                await ListenAsync(connection, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (NodeUnavailableException.IsCausedBy(e) || e is NpgsqlException)
            {
                if (!down)
                {
                    down = true;
                    LogLost(e.Message);
                }

                await Task.Delay(RetryPause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var shards = -1L;
        while (true)
        {
            if (shards != _shards.Version)
            {
                shards = _shards.Version;
                await _router.RefreshAsync(cancellation).ConfigureAwait(false);
            }

            if (!await connection.WaitAsync(_pool.Options.ShardMapInterval, cancellation).ConfigureAwait(false))
            {
                shards = -1;
            }
        }
    }

    private Signal Of(DirectoryChannel channel) => channel == DirectoryChannel.Shards ? _shards : _contracts;

    [LoggerMessage(1400, LogLevel.Warning, "The directory can't be listened to; shard map and contracts may be old until it can: {Reason}")]
    private partial void LogLost(string reason);
}
