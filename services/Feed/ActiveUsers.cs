using System.Collections.Concurrent;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Remembers who reads his feed and writes it down aside, many users at a time: a hint for the order of fan-out, which no read waits for and which
/// may be lost.
/// </summary>
internal sealed partial class ActiveUsers(
    NodePool pool, ShardRouter router, FeedOptions options, TimeProvider time, ILogger<ActiveUsers> logger) : BackgroundService
{
    private ConcurrentDictionary<long, bool> _seen = new();

    /// <summary>A user reads his feed.</summary>
    public void Saw(long user)
    {
        var seen = Volatile.Read(ref _seen);
        if (!seen.ContainsKey(user) && seen.Count < options.ActivityWaiting)
        {
            seen[user] = true;
        }
    }

    /// <summary>Writes down who was seen since the last time.</summary>
    public async ValueTask WriteAsync(CancellationToken cancellation)
    {
        var seen = Interlocked.Exchange(ref _seen, new ConcurrentDictionary<long, bool>());
        if (seen.IsEmpty)
        {
            return;
        }

        var map = await router.GetAsync(cancellation).ConfigureAwait(false);
        foreach (var share in seen.Keys.GroupBy(map.NodeOf))
        {
            await using var connection = await pool.OpenAsync(share.Key, cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(FeedSql.MarkActive, connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. share] });
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.ActivityInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await WriteAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
                LogFailed(e.Message);
            }
        }
    }

    [LoggerMessage(1802, LogLevel.Warning, "It could not be written down who reads his feed: {Reason}")]
    private partial void LogFailed(string reason);
}
