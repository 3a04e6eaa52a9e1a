using System.Diagnostics;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Projector.Internal.Viral;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>
/// One life of a node's worker: reads its stream from where the derived rows are, and folds batch by batch. A restart goes on from the
/// lowest position of all targets; each leaves out what it has.
/// </summary>
internal sealed partial class ProjectionSession(
    NodeName source, NodePool pool, ShardRouter router, ChangeLogClient log, ProjectionRebuild rebuild, ProjectorOptions options,
    FanoutOptions fanout, NodeNotifications notifications, ProjectorMetrics metrics, TimeProvider time, ILogger logger)
{
    private const int MostLinks = 32;

    private readonly SourceTextReader _texts = new(pool, source);
    private readonly string _topic = log.TopicOf(source);
    private readonly ViralWatch _viral = new(source, pool, options, metrics, time, logger);
    private TargetStore[] _targets = [];

    /// <summary>Read and not stored: nothing in it concerns us.</summary>
    private StreamPosition? _idle;
    private long _storedAt;

    /// <summary>Runs until cancelled; then what was read is stored.</summary>
    /// <exception cref="ProjectorSupersededException">Another worker folds this stream.</exception>
    public async Task RunAsync(Action onFolding, CancellationToken stop)
    {
        var placement = await router.GetAsync(stop).ConfigureAwait(false);
        NodeName NodeOf(long id) => (router.Current ?? placement).NodeOf(id);
        _targets = [.. pool.DataNodes.Select(target => new TargetStore(pool, source, target, NodeOf, fanout.PullAbove, time))];
        foreach (var target in _targets)
        {
            await target.ReadAsync(stop).ConfigureAwait(false);
        }

        var known = _targets.Select(target => target.Position).ToList();
        // One that has no position was being derived anew, or is new: then all is.
        var start = known.Contains(null) ? ChangeStart.Newest : known.MinBy(position => position!.Position)!.ToStart();
        await using var consumer = log.OpenConsumer(source, $"projector/{source}", start);
        _storedAt = time.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watching = _viral.RunAsync(ended.Token);
        try
        {
            await foreach (var batch in consumer.ReadAsync(stop).ConfigureAwait(false))
            {
                if (batch.Gap is { } gap)
                {
                    LogGap(logger, source, gap.Reason, gap.Detail);
                    if (gap.Reason is GapReason.Reset or GapReason.OtherTimeline or GapReason.OtherSystem)
                    {
                        // While the position is still there: whoever dies on the way finds the same gap again.
                        await rebuild.DropTimelinesAsync(source, stop).ConfigureAwait(false);
                    }

                    await RebuildAsync(new StreamPosition(gap.ResumeFrom, gap.OffsetHint, gap.System), stop).ConfigureAwait(false);
                }
                else
                {
                    await TakeAsync(batch, stop).ConfigureAwait(false);
                }

                onFolding();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await StoreIdleAsync(limit.Token).ConfigureAwait(false);
    }

    private async Task TakeAsync(ChangeBatch batch, CancellationToken cancellationToken)
    {
        var from = 0;
        for (var index = 0; index < batch.Changes.Count; index++)
        {
            if (Fold.NeedsRebuild(batch.Changes[index].Change))
            {
                await FoldAsync(Slice(from, index), cancellationToken).ConfigureAwait(false);
                var record = batch.Changes[index];
                LogUntold(logger, source, record.Change.EventCase.ToString());
                await RebuildAsync(new StreamPosition(record.End, record.Offset, record.Change.System),
                    cancellationToken).ConfigureAwait(false);
                from = index + 1;
            }
        }

        await FoldAsync(Slice(from, batch.Changes.Count), cancellationToken).ConfigureAwait(false);

        IReadOnlyList<LoggedChange> Slice(int first, int end) =>
            first == 0 && end == batch.Changes.Count ? batch.Changes : [.. batch.Changes.Skip(first).Take(end - first)];
    }

    private async Task FoldAsync(IReadOnlyList<LoggedChange> changes, CancellationToken cancellationToken)
    {
        if (changes.Count == 0)
        {
            return;
        }

        var last = changes[^1];
        var to = new StreamPosition(last.End, last.Offset, last.Change.System);
        var concerning = changes.Where(change => Fold.Concerns(change.Change)).ToList();
        if (concerning.Count == 0)
        {
            _idle = to;
            if (time.GetElapsedTime(_storedAt) >= options.IdleStoreInterval)
            {
                await StoreIdleAsync(cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        foreach (var shard in concerning.Select(change => Fold.RevivedShard(change.Change)).OfType<int>().Distinct())
        {
            await rebuild.CountAsync(source, shard, shard, cancellationToken).ConfigureAwait(false);
        }

        using var activity = metrics.BeginBatch(source, _topic, concerning.Count, Links(concerning));
        var traceparent = activity is { Recorded: true, IdFormat: ActivityIdFormat.W3C } ? activity.Id : null;
        var texts = await _texts.ReadAsync(concerning.Select(change => change.Change), cancellationToken).ConfigureAwait(false);
        // Every target moves on, also one where nothing is written: the lowest is where a restart begins.
        foreach (var target in _targets)
        {
            if (await target.ApplyAsync(concerning, to, traceparent, texts, cancellationToken).ConfigureAwait(false) is { } deltas)
            {
                Wake(target.Target, deltas);
            }
        }

        _viral.Folded(concerning);
        _idle = null;
        _storedAt = time.GetTimestamp();
        metrics.Folded(source, concerning.Count,
            time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddMicroseconds(concerning[0].Change.CommitTimeUs));
    }

    /// <summary>PostgreSQL tells every process; those who wait in this one need not wait for that.</summary>
    private void Wake(NodeName target, Deltas deltas)
    {
        if (deltas.Posts.Count + deltas.Edges.Count + deltas.Blocks.Count > 0)
        {
            notifications.Raise(target, NodeChannel.Fanout);
        }

        if (deltas.Events.Count > 0)
        {
            notifications.Raise(target, NodeChannel.Notifications);
        }
    }

    private async Task StoreIdleAsync(CancellationToken cancellationToken)
    {
        if (_idle is { } to)
        {
            foreach (var target in _targets)
            {
                await target.ApplyAsync([], to, null, SourceTexts.None, cancellationToken).ConfigureAwait(false);
            }

            _idle = null;
        }

        _storedAt = time.GetTimestamp();
    }

    /// <summary>No target has a position while it is derived anew, so whoever dies on the way is not mistaken for one who was
    /// done.</summary>
    private async Task RebuildAsync(StreamPosition goOnFrom, CancellationToken cancellationToken)
    {
        _idle = null;
        foreach (var target in _targets)
        {
            await target.ForgetAsync(cancellationToken).ConfigureAwait(false);
        }

        await rebuild.RunAsync(source, null, cancellationToken).ConfigureAwait(false);
        foreach (var target in _targets)
        {
            await target.BeginAsync(goOnFrom, cancellationToken).ConfigureAwait(false);
        }

        metrics.Rebuilt(source);
        LogRebuilt(logger, source, goOnFrom.Position.ToString());
    }

    private static IEnumerable<ActivityLink> Links(IEnumerable<LoggedChange> changes) => changes
        .Select(change => change.Change.Traceparent)
        .Where(traceparent => traceparent.Length > 0)
        .Distinct()
        .Take(MostLinks)
        .Select(traceparent => ActivityContext.TryParse(traceparent, null, isRemote: true, out var context) ? new ActivityLink(context)
            : default)
        .Where(link => link.Context != default);

    [LoggerMessage(1300, LogLevel.Information, "Deriving anew from the rows of {Node}: {Reason}, {Detail}")]
    private static partial void LogGap(ILogger logger, NodeName node, GapReason reason, string detail);

    [LoggerMessage(1301, LogLevel.Information,
        "Deriving anew from the rows of {Node}: the stream holds a {Event}, which does not say which rows changed")]
    private static partial void LogUntold(ILogger logger, NodeName node, string @event);

    [LoggerMessage(1302, LogLevel.Information, "Derived anew from the rows of {Node}; going on from {Position}")]
    private static partial void LogRebuilt(ILogger logger, NodeName node, string position);
}
