using System.Threading.Channels;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Removes what deleted users leave behind, 1,000 rows at a time: name, posts (tombstones; the role media sweeps what hangs on them), follows and
/// blocks in both directions, likes, comments and what others were told of on every node, counts, timeline. Each user is swept again and again until some time has
/// passed since he was deleted: a write that was under way then is found by a later round.
/// </summary>
internal sealed partial class UserSweep(
    NodePool pool, ShardRouter router, FeedOptions options, BlobSweep blobs, TimeProvider time, ILogger<UserSweep> logger,
    TimelineStore? timelines = null)
    : BackgroundService
{
    // One process sweeps a node's users at a time; "users" in ASCII.
    private const string TryLock = "SELECT pg_try_advisory_lock(504981942899)";

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Sweeps soon instead of at the next round.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>One round for the deleted users of one node. False: another process is at it.</summary>
    public async ValueTask<bool> SweepAsync(NodeName node, CancellationToken cancellation)
    {
        // The lock goes with the session, however the round ends.
        await using var connection = await pool.OpenSessionAsync(node, cancellation).ConfigureAwait(false);
        await using var take = new NpgsqlCommand(TryLock, connection);
        if (!(bool)(await take.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!)
        {
            return false;
        }

        var after = 0L;
        while (true)
        {
            var page = await DepartedAsync(connection, after, cancellation).ConfigureAwait(false);
            if (page.Count == 0)
            {
                break;
            }

            foreach (var user in page)
            {
                await SweepAsync(connection, user, cancellation).ConfigureAwait(false);
            }

            after = page[^1].Id;
        }

        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await WaitAsync(stoppingToken).ConfigureAwait(false);
            foreach (var node in pool.DataNodes)
            {
                try
                {
                    await SweepAsync(node, stoppingToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
                {
                    LogFailed(node, e.Message);
                }
            }
        }
    }

    private async ValueTask WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await _wake.Reader.ReadAsync(cancellation).AsTask().WaitAsync(options.SweepInterval, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The next round, or the end; the loop looks.
        }
    }

    private async ValueTask<List<Departed>> DepartedAsync(NpgsqlConnection connection, long after, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(DepartureSql.Departed, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.TombstoneLifetime });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<Departed> users = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            users.Add(new Departed(reader.GetInt64(0), reader.GetString(1), reader.GetBoolean(2)));
        }

        return users;
    }

    private async ValueTask SweepAsync(NpgsqlConnection connection, Departed user, CancellationToken cancellation)
    {
        await ReleaseNameAsync(user, cancellation).ConfigureAwait(false);
        while ((long)(await ScalarAsync(DepartureSql.BuryPosts, connection, user.Id, cancellation).ConfigureAwait(false))! > 0)
        {
        }

        await RepeatAsync(DepartureSql.SweepFollows, connection, user.Id, cancellation).ConfigureAwait(false);
        await RepeatAsync(DepartureSql.SweepBlocks, connection, user.Id, cancellation).ConfigureAwait(false);
        await FromOthersAsync(connection, DepartureSql.Followers, DepartureSql.UnfollowBy, user.Id, cancellation).ConfigureAwait(false);
        await FromOthersAsync(connection, DepartureSql.Blockers, DepartureSql.UnblockBy, user.Id, cancellation).ConfigureAwait(false);
        foreach (var node in pool.DataNodes)
        {
            await using var other = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
            await RepeatAsync(DepartureSql.SweepLikes, other, user.Id, cancellation).ConfigureAwait(false);
            await RepeatAsync(DepartureSql.SweepComments, other, user.Id, cancellation).ConfigureAwait(false);

            // After what they tell of: a worker that derives anew meanwhile finds nothing to tell.
            await RepeatAsync(DepartureSql.SweepNotifications, other, user.Id, cancellation).ConfigureAwait(false);
        }

        await RepeatAsync(DepartureSql.SweepActivity, connection, user.Id, cancellation).ConfigureAwait(false);
        await ScalarAsync(DepartureSql.SweepCredentials, connection, user.Id, cancellation).ConfigureAwait(false);
        await ScalarAsync(DepartureSql.SweepSessions, connection, user.Id, cancellation).ConfigureAwait(false);
        await RepeatAsync(DepartureSql.SweepCounts, connection, user.Id, cancellation).ConfigureAwait(false);
        await DropTimelineAsync(user.Id, cancellation).ConfigureAwait(false);
        if (user.IsOver)
        {
            if (await ScalarAsync(DepartureSql.AvatarOf, connection, user.Id, cancellation).ConfigureAwait(false) is string avatar)
            {
                await blobs.ReleaseAsync(new BlobId(avatar), user.Id, cancellation).ConfigureAwait(false);
            }

            await ScalarAsync(DepartureSql.Forget, connection, user.Id, cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask ReleaseNameAsync(Departed user, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(DepartureSql.ReleaseName, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = user.Name });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user.Id });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Rows on other users' shards, found by the inverse edges on this one.</summary>
    private async ValueTask FromOthersAsync(
        NpgsqlConnection connection, string find, string remove, long user, CancellationToken cancellation)
    {
        var map = await router.GetAsync(cancellation).ConfigureAwait(false);
        var after = 0L;
        while (true)
        {
            var others = await IdsAsync(find, connection, user, after, cancellation).ConfigureAwait(false);
            if (others.Count == 0)
            {
                return;
            }

            foreach (var share in others.GroupBy(map.NodeOf))
            {
                await using var other = await pool.OpenAsync(share.Key, cancellation).ConfigureAwait(false);
                await using var command = new NpgsqlCommand(remove, other);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. share] });
                await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            }

            after = others[^1];
        }
    }

    private async ValueTask DropTimelineAsync(long user, CancellationToken cancellation)
    {
        if (timelines is null)
        {
            return;
        }

        try
        {
            await timelines.DropAsync(user, cancellation).ConfigureAwait(false);
        }
        catch (MemcachedException)
        {
            // Nobody reads it any more; it runs out.
        }
    }

    private static async ValueTask<List<long>> IdsAsync(
        string sql, NpgsqlConnection connection, long user, long after, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<long> ids = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private static async ValueTask<object?> ScalarAsync(string sql, NpgsqlConnection connection, long user, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }

    private static async ValueTask RepeatAsync(string sql, NpgsqlConnection connection, long user, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        while (await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0)
        {
        }
    }

    /// <param name="Id">The user.</param>
    /// <param name="Name">The name that he had.</param>
    /// <param name="IsOver">Whether this round is his last.</param>
    private readonly record struct Departed(long Id, string Name, bool IsOver);

    [LoggerMessage(1800, LogLevel.Warning, "What deleted users of node {Node} left could not be swept; the next round tries again: {Reason}")]
    private partial void LogFailed(NodeName node, string reason);
}
