using InstaGrpc.Contracts.Positions;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>
/// Removes what deleted posts leave behind: likes and comments in batches, then the row itself after a while. The row goes last and late: a
/// like that was being written while its post was deleted is found by a later round. Then its photos are let go; the edges, which may have asked for
/// one again just after they were told, are told again meanwhile.
/// </summary>
internal sealed partial class MediaSweep(
    NodePool pool, FirstAnswers answers, BlobSweep blobs, IEdgePurge edge, MediaOptions options, TimeProvider time, ILogger<MediaSweep> logger)
    : BackgroundService
{
    // One process sweeps a node at a time; "sweep" in ASCII.
    private const string TryLock = "SELECT pg_try_advisory_lock(495874696560)";

    /// <summary>One round on one node. False: another process is at it.</summary>
    public async ValueTask<bool> SweepAsync(NodeName node, CancellationToken cancellation)
    {
        // The lock goes with the session, however the round ends.
        var connection = await pool.OpenSessionAsync(node, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await using var take = new NpgsqlCommand(TryLock, connection);
            if (!(bool)(await take.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!)
            {
                return false;
            }

            await answers.SweepAsync(connection, cancellation).ConfigureAwait(false);
            await SweepPostsAsync(connection, cancellation).ConfigureAwait(false);
            return true;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.SweepInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var node in pool.DataNodes)
            {
                if (stoppingToken.IsCancellationRequested)
                {
                    return;
                }

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

    private async ValueTask SweepPostsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var (deletedAt, id) = (DateTime.UnixEpoch, 0L);
        while (true)
        {
            var page = await DeletedPostsAsync(connection, deletedAt, id, cancellation).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return;
            }

            foreach (var post in page)
            {
                await RepeatAsync(MediaSql.SweepLikes, connection, post.Id, cancellation).ConfigureAwait(false);
                await RepeatAsync(MediaSql.SweepComments, connection, post.Id, cancellation).ConfigureAwait(false);
                await LetGoAsync(post, cancellation).ConfigureAwait(false);
                await using var row = new NpgsqlCommand(MediaSql.SweepPost, connection);
                row.Parameters.Add(new NpgsqlParameter<long> { TypedValue = post.Id });
                row.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.TombstoneLifetime });
                await row.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            }

            (id, deletedAt) = (page[^1].Id, page[^1].DeletedAt);
        }
    }

    private async ValueTask LetGoAsync(DeletedPost post, CancellationToken cancellation)
    {
        if (post.Photos.Count == 0 || !(post.IsFresh || post.IsOver))
        {
            return;
        }

        await edge.PurgeAsync(EdgePurges.PathsOf(post.Id, post.Photos), cancellation).ConfigureAwait(false);
        if (post.IsOver)
        {
            foreach (var photo in post.Photos)
            {
                await blobs.ReleaseAsync(new BlobId(photo.BlobId), post.Id, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<List<DeletedPost>> DeletedPostsAsync(
        NpgsqlConnection connection, DateTime after, long afterId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(MediaSql.DeletedPosts, connection);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterId });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.TombstoneLifetime });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = 3 * options.SweepInterval });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<DeletedPost> posts = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            List<Photo> photos = [];
            PhotoList.Read(reader.GetString(2), photos);
            posts.Add(new DeletedPost(reader.GetInt64(0), reader.GetDateTime(1), photos, reader.GetBoolean(3), reader.GetBoolean(4)));
        }

        return posts;
    }

    private static async ValueTask RepeatAsync(string sql, NpgsqlConnection connection, long media, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
        while (await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0)
        {
        }
    }

    private sealed record DeletedPost(long Id, DateTime DeletedAt, IReadOnlyList<Photo> Photos, bool IsOver, bool IsFresh);

    [LoggerMessage(1700, LogLevel.Warning, "What deleted posts left on node {Node} could not be swept; the next round tries again: {Reason}")]
    private partial void LogFailed(NodeName node, string reason);
}
