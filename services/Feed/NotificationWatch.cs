using System.Runtime.CompilerServices;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Gives users their notifications as they come. When a node announces some, one query for all who are watched there says whose have grown,
/// and those streams read on; nothing is queued for a slow one. A user's notifications are committed in the order of their ids, so who has
/// seen an id has seen all before it, and each is given once.
/// </summary>
internal sealed partial class NotificationWatch(
    NodePool pool, ShardRouter router, NodeNotifications announced, FeedOptions options, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<NotificationWatch> logger) : BackgroundService
{
    private const int PageSize = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, List<Watcher>> _watchers = [];
    private int _watching;

    /// <summary>Those with larger ids than <paramref name="after"/>, oldest first, then each one that comes.</summary>
    /// <exception cref="ResourceExhaustedException">Enough are watched.</exception>
    /// <exception cref="UnavailableException">The process ends.</exception>
    /// <exception cref="NodeUnavailableException">The user's node can't be read.</exception>
    public async IAsyncEnumerable<Notification> FollowAsync(long user, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var watcher = Add(user);
        // A stream without end would hold up an orderly stop.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        try
        {
            while (true)
            {
                // Taken before the look: what comes between the two wakes the next wait.
                var grown = watcher.Grown;
                List<(Notification Notification, bool Hidden)> page;
                do
                {
                    page = await ReadAsync(user, after, cancellation).ConfigureAwait(false);
                    foreach (var (notification, hidden) in page)
                    {
                        after = notification.Id;
                        if (!hidden)
                        {
                            yield return notification;
                        }
                    }
                }
                while (page.Count == PageSize);

                await WaitAsync(grown, either.Token, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            Remove(user, watcher);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(pool.DataNodes.Select(node => WatchAsync(node, stoppingToken)));

    private async Task WatchAsync(NodeName node, CancellationToken stop)
    {
        var outage = new Outage(options.NotificationPoll);
        while (!stop.IsCancellationRequested)
        {
            var seen = announced.Version(node, NodeChannel.Notifications);
            var pause = options.NotificationPoll;
            try
            {
                await WakeAsync(node, stop).ConfigureAwait(false);
                outage.Over();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (outage.IsNews(e.Message))
                {
                    if (e is NpgsqlException or NodeUnavailableException)
                    {
                        LogAway(node, e.Message);
                    }
                    else
                    {
                        LogFailed(node, e);
                    }
                }

                pause = outage.NextPause();
            }

            using var done = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(
                announced.WaitAsync(node, NodeChannel.Notifications, seen, done.Token), Task.Delay(pause, time, done.Token))
                .ConfigureAwait(false);
            await done.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Wakes those on the node whose notifications have grown.</summary>
    private async Task WakeAsync(NodeName node, CancellationToken cancellation)
    {
        var map = await router.GetAsync(cancellation).ConfigureAwait(false);
        long[] users;
        lock (_gate)
        {
            users = [.. _watchers.Keys.Where(user => map.NodeOf(user) == node)];
        }

        if (users.Length == 0)
        {
            return;
        }

        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(NotificationSql.Heads, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = users });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            lock (_gate)
            {
                foreach (var watcher in _watchers.GetValueOrDefault(reader.GetInt64(0), []))
                {
                    watcher.Saw(reader.GetInt64(1));
                }
            }
        }
    }

    private async Task<List<(Notification Notification, bool Hidden)>> ReadAsync(long user, long after, CancellationToken cancellation)
    {
        var node = await router.NodeOfAsync(user, cancellation).ConfigureAwait(false);
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(NotificationSql.After, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageSize });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<(Notification, bool)> found = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            found.Add((Notifications.Read(reader), reader.GetBoolean(7)));
        }

        return found;
    }

    private static async Task WaitAsync(Task grown, CancellationToken either, CancellationToken caller)
    {
        try
        {
            await grown.WaitAsync(either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw new UnavailableException("this process is stopping; watch again, after the last id that you know");
        }
    }

    private Watcher Add(long user)
    {
        if (Interlocked.Increment(ref _watching) > options.MostWatchers)
        {
            Interlocked.Decrement(ref _watching);
            throw new ResourceExhaustedException($"{options.MostWatchers} streams of notifications are open here already", TimeSpan.FromSeconds(1));
        }

        var watcher = new Watcher();
        lock (_gate)
        {
            if (!_watchers.TryGetValue(user, out var list))
            {
                _watchers.Add(user, list = []);
            }

            list.Add(watcher);
        }

        return watcher;
    }

    private void Remove(long user, Watcher watcher)
    {
        Interlocked.Decrement(ref _watching);
        lock (_gate)
        {
            if (_watchers[user].Remove(watcher) && _watchers[user].Count == 0)
            {
                _watchers.Remove(user);
            }
        }
    }

    [LoggerMessage(1803, LogLevel.Warning, "Notifications of node {Node} can't be looked for; their streams wait: {Reason}")]
    private partial void LogAway(NodeName node, string reason);

    [LoggerMessage(1804, LogLevel.Error, "Looking for notifications of node {Node} failed and is tried again")]
    private partial void LogFailed(NodeName node, Exception exception);

    /// <summary>One stream.</summary>
    private sealed class Watcher
    {
        private volatile TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _ordinal = -1;

        /// <summary>Completes when there is more than when it was taken.</summary>
        public Task Grown => _grown.Task;

        /// <summary>Under the gate.</summary>
        public void Saw(long ordinal)
        {
            if (ordinal != _ordinal)
            {
                _ordinal = ordinal;
                Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        }
    }
}
