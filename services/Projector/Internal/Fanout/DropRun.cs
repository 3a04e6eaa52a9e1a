using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// Deletes the timelines that the jobs of kind drop name, many at a time. A job is committed with the edge that makes it necessary, so the
/// deletion always comes after the edge: a post that was fanned out before the edge is found by whoever builds the timeline anew.
/// </summary>
/// <remarks>An unfollow drops nothing. Readers leave out authors whom they don't follow (the follow list is read with the caller's token),
/// so what is too much in a timeline only takes room; and what is missing after an unfollow and another follow is made good by the drop of
/// that follow, since an edge that comes back is an edge that really changed.</remarks>
internal sealed partial class DropRun(
    NodeName node, NodePool pool, PageSender sender, NodeNotifications notifications, ProjectorOptions settings, FanoutMetrics metrics,
    TimeProvider time, ILogger logger)
{
    private const int MostDrops = 1_000;

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var seen = notifications.Version(node, NodeChannel.Fanout);
            await DropWaitingAsync(cancellation).ConfigureAwait(false);
            using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(
                notifications.WaitAsync(node, NodeChannel.Fanout, seen, done.Token), Task.Delay(settings.FanoutPoll, time, done.Token))
                .ConfigureAwait(false);
            await done.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>All that wait now. Those that fail stay, and hold up nobody behind them.</summary>
    private async Task DropWaitingAsync(CancellationToken cancellation)
    {
        var after = 0L;
        while (true)
        {
            var drops = await ReadAsync(after, cancellation).ConfigureAwait(false);
            if (drops.Count == 0)
            {
                return;
            }

            after = drops[^1].Number;
            var kept = await sender.DropAsync([.. drops.Select(static drop => drop.Subject).Distinct()], cancellation).ConfigureAwait(false);
            if (kept.Count > 0)
            {
                LogFailed(logger, node, kept.Count);
                drops.RemoveAll(drop => kept.Contains(drop.Subject));
            }

            await EndAsync(drops, cancellation).ConfigureAwait(false);
            metrics.Dropped(node, drops.Count);
        }
    }

    private async Task<List<(long Number, long Author, long Subject)>> ReadAsync(long after, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.WaitingDrops, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MostDrops });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<(long, long, long)> drops = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            drops.Add((reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        return drops;
    }

    private async Task EndAsync(List<(long Number, long Author, long Subject)> drops, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.EndDrops, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. drops.Select(static drop => drop.Author)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. drops.Select(static drop => drop.Subject)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. drops.Select(static drop => drop.Number)] });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    [LoggerMessage(1322, LogLevel.Warning, "{Count} timelines could not be dropped for {Node}, trying again")]
    private static partial void LogFailed(ILogger logger, NodeName node, int count);
}
