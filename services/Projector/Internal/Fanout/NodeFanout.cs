using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// The fan-out of one node in this process: waits to be elected, then takes the waiting jobs of the node, many at a time, each author's
/// first before anybody's second (<see cref="JobsAtHand"/>). The election saves work and no more: two workers at once would send some pages
/// twice, which readers drop, and each stores only what is true.
/// </summary>
internal sealed partial class NodeFanout(
    NodeName node, NodePool pool, ChangeLogOptions log, NodeNotifications notifications, FollowerPages followers, PageSender sender,
    FanoutTurns turns, ProgressWriter progress, FanoutOptions options, ProjectorOptions settings, FanoutMetrics metrics, TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan _pauseAfterFailure = TimeSpan.FromMilliseconds(200);

    public async Task RunAsync(CancellationToken stop)
    {
        var outage = new Outage(settings.FanoutPoll);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunElectedAsync(outage, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException or TimeoutException or IOException
                or OperationCanceledException)
            {
                if (outage.IsNews(e.Message))
                {
                    LogAway(logger, node, e.Message);
                }

                await Task.Delay(outage.NextPause(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e)
            {
                // A fault of ours: the other nodes' fan-outs go on, and this one must not be over without a word.
                if (outage.IsNews(e.Message))
                {
                    LogFailed(logger, node, e);
                }

                await Task.Delay(outage.NextPause(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunElectedAsync(Outage outage, CancellationToken stop)
    {
        var directory = PostgresAddress.Parse(pool.Options.Directory);
        directory.Pooling = false;
        directory.ApplicationName = "insta fan-out lock";
        await using var election = new DirectoryElection(directory.ConnectionString, $"fanout|{log.Prefix}|{node}", time);
        await election.WinAsync(stop).ConfigureAwait(false);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var losing = election.WaitForLossAsync(lost.Token);
        var drops = new DropRun(node, pool, sender, notifications, settings, metrics, time, logger);
        List<Task> parts =
        [
            RunJobsAsync(outage, lost.Token), drops.RunAsync(lost.Token),
            new FanoutSweep(node, pool, settings, time, logger).RunAsync(lost.Token),
            new FanoutBacklog(node, pool, metrics, time, logger).RunAsync(lost.Token),
        ];
        await Task.WhenAny([losing, .. parts]).ConfigureAwait(false);
        await lost.CancelAsync().ConfigureAwait(false);
        await losing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(parts).ConfigureAwait(false);
    }

    private async Task RunJobsAsync(Outage outage, CancellationToken cancellation)
    {
        // The limit may be another than when the notices were sent.
        await ExecuteAsync(FanoutSql.ForgetNotices, options.PullAbove, cancellation).ConfigureAwait(false);
        var jobs = new JobsAtHand();
        var isSecond = false;
        try
        {
            while (true)
            {
                // Both taken before the look: a job that is announced, or ends, between the two is found by the next.
                var seen = notifications.Version(node, NodeChannel.Fanout);
                var freed = jobs.Freed;
                await jobs.RemoveEndedAsync().ConfigureAwait(false);
                var most = jobs.Room;
                var waiting = most > 0 ? await ReadWaitingAsync(jobs, most, cancellation).ConfigureAwait(false) : [];
                if (isSecond)
                {
                    // Not at once: a job that always fails shows when it has been run.
                    outage.Over();
                }

                isSecond = true;
                var left = waiting.Count == most;
                foreach (var (job, place) in waiting)
                {
                    if (jobs.Admits(place))
                    {
                        jobs.Begin(job, hand => RunJobAsync(job, hand, cancellation));
                    }
                    else
                    {
                        left = true;
                    }
                }

                await WaitAsync(seen, left ? freed : null, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            await jobs.WhenAllEnded().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Until there may be new jobs; where more wait than may be begun, also until others may.</summary>
    private async Task WaitAsync(long seen, Task? freed, CancellationToken cancellation)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> reasons =
        [
            notifications.WaitAsync(node, NodeChannel.Fanout, seen, done.Token), Task.Delay(settings.FanoutPoll, time, done.Token),
        ];
        if (freed is not null)
        {
            reasons.Add(freed);
        }

        await Task.WhenAny(reasons).ConfigureAwait(false);
        await done.CancelAsync().ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task RunJobAsync(FanoutJob job, JobAtHand hand, CancellationToken cancellation)
    {
        await Task.Yield();
        try
        {
            if (job is { Kind: FanoutKind.Post, HasNotice: false } && options.TierOf(job.Followers) == FanoutTier.Pull)
            {
                await ExecuteAsync(FanoutSql.AddNotice, job.Author, cancellation).ConfigureAwait(false);
            }

            using var span = metrics.BeginJob(node, job);
            var run = new FanoutJobRun(
                job, followers, sender, turns, progress, options, counts => metrics.Appended(node, counts), hand.Park, time);
            var tier = await run.RunAsync(cancellation).ConfigureAwait(false);
            span?.SetTag("insta.fanout.tier", tier.ToString());
            metrics.Ended(node, tier, job.Kind == FanoutKind.Notice, time.GetUtcNow() - job.MadeAt);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is NpgsqlException or NodeUnavailableException or FanoutInterruptedException or TimeoutException or IOException)
        {
            metrics.Interrupted(node);
            LogInterrupted(logger, node, job.Number, e.Message);
            // Then it is found waiting, and begun after its last stored follower.
            await Task.Delay(_pauseAfterFailure, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<List<(FanoutJob Job, long Place)>> ReadWaitingAsync(JobsAtHand jobs, int most, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.Waiting, connection);
        var (authors, counts) = jobs.Running();
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = jobs.Numbers });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = authors });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = counts });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<(FanoutJob, long)> waiting = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var at = new FanoutProgress(
                (FanoutTier)reader.GetInt16(4), reader.GetInt64(5), reader.GetInt16(6), reader.GetInt64(7), reader.GetInt64(8), Ended: false);
            var job = new FanoutJob(
                reader.GetInt64(0), (FanoutKind)reader.GetInt16(1), reader.GetInt64(2), reader.GetInt64(3), at, reader.GetInt64(9),
                reader.GetBoolean(10), reader.GetBoolean(11), reader.GetDateTime(12), reader.IsDBNull(13) ? null : reader.GetString(13));
            waiting.Add((job, reader.GetInt64(14)));
        }

        return waiting;
    }

    private async Task ExecuteAsync(string sql, long parameter, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = parameter });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    [LoggerMessage(1320, LogLevel.Warning, "The fan-out of {Node} can't go on, trying again: {Reason}")]
    private static partial void LogAway(ILogger logger, NodeName node, string reason);

    [LoggerMessage(1325, LogLevel.Error, "The fan-out of {Node} failed and is tried again")]
    private static partial void LogFailed(ILogger logger, NodeName node, Exception exception);

    [LoggerMessage(1321, LogLevel.Information, "Job {Number} of {Node} begins again after its last stored follower: {Reason}")]
    private static partial void LogInterrupted(ILogger logger, NodeName node, long number, string reason);
}
