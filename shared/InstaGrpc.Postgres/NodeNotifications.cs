using System.Collections.Frozen;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres.Internal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// Listens to every data node and wakes those who wait for what is announced there. A notification says that there is something, never
/// what: that is read from the tables. One that is lost with its connection is made up for by raising every channel at each (re)connect;
/// waiting with a timeout and reading anyway is the net under it.
/// </summary>
public sealed partial class NodeNotifications(NodePool pool, TimeProvider time, ILogger<NodeNotifications> logger) : BackgroundService
{
    private static readonly TimeSpan _retryPause = TimeSpan.FromSeconds(1);

    private readonly FrozenDictionary<(NodeName, NodeChannel), Signal> _signals = pool.DataNodes
        .SelectMany(static node => Enum.GetValues<NodeChannel>().Select(channel => (node, channel)))
        .ToFrozenDictionary(static key => key, static _ => new Signal());

    /// <summary>The SQL that announces on a channel, in the transaction that writes what is announced.</summary>
    public static string AnnounceSql(NodeChannel channel) => $"SELECT pg_notify('{NameOf(channel)}', '')";

    /// <summary>Rises with each notification. Take it before reading the tables, and wait for it to pass this value.</summary>
    public long Version(NodeName node, NodeChannel channel) => _signals[(node, channel)].Version;

    /// <summary>Completes when the version has passed <paramref name="seen"/>.</summary>
    public Task WaitAsync(NodeName node, NodeChannel channel, long seen, CancellationToken cancellation) =>
        _signals[(node, channel)].WaitAsync(seen, cancellation);

    /// <summary>Wakes this process at once: whoever has just committed here need not wait until PostgreSQL says so.</summary>
    public void Raise(NodeName node, NodeChannel channel) => _signals[(node, channel)].Raise();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(pool.DataNodes.Select(node => ListenAsync(node, stoppingToken)));

    private static string NameOf(NodeChannel channel) => channel == NodeChannel.Fanout ? "insta_fanout" : "insta_notifications";

    private async Task ListenAsync(NodeName node, CancellationToken stop)
    {
        var down = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await pool.OpenAsync(node, pool.Aside(node), stop).ConfigureAwait(false);
                connection.Notification += (_, notification) =>
                    Raise(node, notification.Channel == NameOf(NodeChannel.Fanout) ? NodeChannel.Fanout : NodeChannel.Notifications);
                await using (var listen = new NpgsqlCommand(
                    $"LISTEN {NameOf(NodeChannel.Fanout)}; LISTEN {NameOf(NodeChannel.Notifications)}", connection))
                {
                    await listen.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
                }

                down = false;
                Raise(node, NodeChannel.Fanout);
                Raise(node, NodeChannel.Notifications);
                while (true)
                {
                    await connection.WaitAsync(stop).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it is: the other nodes are listened to, and this one must not be given up without a word.
                if (!down)
                {
                    down = true;
                    LogLost(node, e.Message);
                }

                await Task.Delay(_retryPause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(1402, LogLevel.Warning, "Node {Node} can't be listened to; fan-out and notifications are polled for until it can: {Reason}")]
    private partial void LogLost(NodeName node, string reason);
}
