using System.Threading.Channels;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using NpgsqlTypes;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// One life of a node's stream, from taking the slot to giving it back:
/// slot -> decode -> wait until visible -> Kafka -> (acknowledged) -> confirm.
///
/// Any of its connections that fails ends all of them; the next session goes on from what PostgreSQL was told, so what was published and
/// not confirmed comes again, and readers skip it by its position. In particular the walsender's connection is closed as soon as PostgreSQL
/// ends the ordinary ones (57P01): a fast shutdown waits for the walsender, and that for confirmations that nobody will send.
/// </summary>
internal sealed partial class PublisherSession(
    NodeName node, string address, ChangeLogClient log, ContractPublication publication, DirectoryNotifications? notifications,
    ChangesOptions options, ChangesMetrics metrics, PublisherStatus status, TimeProvider time, ILogger logger)
{
    /// <summary>Decoded transactions that may wait for visibility and Kafka.</summary>
    private const int Backlog = 4_096;

    private readonly string _name = PublicationName.Of(log.Options.Prefix, node);
    private readonly string _topic = log.TopicOf(node);

    private readonly SendSpans _spans = new(node, log.TopicOf(node));

    // Written by one thread, read by others; the heartbeats compare them.
    private ulong _publishedEnd;
    private ulong _acknowledgedEnd;
    private ulong _confirmedEnd;
    private long _backlogBytes;
    private long _changes;
    private HeartbeatEmitter? _heartbeats;
    private TaskCompletionSource _schemaChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs until <paramref name="stop"/> (then it finishes what it has and returns) or until something fails.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        status.Become(PublisherState.Starting);
        await using var replication = new LogicalReplicationConnection(ReplicationString(address))
        {
            WalReceiverStatusInterval = TimeSpan.FromSeconds(10),
        };
        await replication.Open(stop).ConfigureAwait(false);
        await using var watching = await OpenAsync("gate", stop).ConfigureAwait(false);
        await using var beating = await OpenAsync("heartbeat", stop).ConfigureAwait(false);
        await using var settling = await OpenAsync("publication", stop).ConfigureAwait(false);
        var server = await ServerIdentity.ReadAsync(watching, replication.ProcessID, stop).ConfigureAwait(false);

        await log.EnsureTopicAsync(node, stop).ConfigureAwait(false);
        await publication.PrepareAsync(settling, stop).ConfigureAwait(false);
        var slot = await ReplicationSlot.TakeAsync(watching, _name, time, stop).ConfigureAwait(false);
        // Again, now that the slot is free: whoever used it until then published up to there, and against the WAL's end from before that
        // would look like the topic of a newer copy of the data.
        server = await ServerIdentity.ReadAsync(watching, replication.ProcessID, stop).ConfigureAwait(false);
        await using var gate = new VisibilityGate(watching, time);
        await using var producer = log.OpenProducer(node);
        var start = ReplayPosition.EndOf(server.Timeline, slot.Confirmed);
        var (reason, unproven) = await ContinueAsync(server, slot, start, gate, stop).ConfigureAwait(false);
        if (reason is not null)
        {
            await ResetAsync(producer, server, start, reason, stop).ConfigureAwait(false);
        }

        _publishedEnd = _acknowledgedEnd = _confirmedEnd = slot.Confirmed.Value;
        status.HasPublished(start, default);
        status.HasConfirmed(start);
        await StreamAsync(new Streaming(replication, beating, settling, gate, producer, server, start, unproven), stop).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether the topic goes on where the slot does. No reason: it does, or it holds nothing that could contradict, or its end will tell.
    /// Otherwise a Reset tells its readers, which must not be sent before everything is visible that the slot may have missed: so first every
    /// running transaction ends.
    /// </summary>
    private async Task<(string? Reason, TopicEnd? Unproven)> ContinueAsync(
        ServerIdentity server, ReplicationSlot slot, ReplayPosition start, VisibilityGate gate, CancellationToken cancellationToken)
    {
        var newest = await log.ReadNewestAsync(node, cancellationToken).ConfigureAwait(false);
        var reason = newest is not { } last
            ? slot.IsNew ? "the slot was made anew" : null
            : slot.IsNew ? "the slot was made anew"
            : last.Change.System != server.System ? $"the topic holds another system's changes ({last.Change.System})"
            : last.End.Timeline != server.Timeline ? $"the server was promoted (timeline {last.End.Timeline} to {server.Timeline})"
            : last.End.Lsn > server.Inserted
                ? $"the topic is at {last.End}, past the server's WAL ({server.Inserted}): an old copy came back"
            : last.End < start ? $"the topic ends at {last.End}, before what was confirmed"
            : null;
        if (newest is null || reason is not null)
        {
            // Also when the topic is empty and the slot is not new: a publisher may have been killed between making it and this line.
            await gate.WaitForRunningAsync(xmin => LogWaitingForRunning(logger, node, xmin), cancellationToken).ConfigureAwait(false);
        }

        return (reason, reason is null && newest is { } end && end.End.Lsn > start.Lsn ? new TopicEnd(end.Change, options.BulkBytes) : null);
    }

    private async Task ResetAsync(
        ChangeProducer producer, ServerIdentity server, ReplayPosition start, string reason, CancellationToken cancellationToken)
    {
        LogReset(logger, node, start.ToString(), reason);
        await producer.ProduceAsync(
            new RowChange
            {
                Position = start.ToMessage(),
                Predecessor = start.ToMessage(),
                LastInTransaction = true,
                System = server.System,
                CommitTimeUs = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
                Reset = new Reset { Reason = reason },
            },
            cancellationToken).ConfigureAwait(false);
        await producer.FlushAsync(cancellationToken).ConfigureAwait(false);
        metrics.Reset(node);
    }

    private async Task StreamAsync(Streaming streaming, CancellationToken stop)
    {
        var (replication, producer) = (streaming.Replication, streaming.Producer);
        using var ended = new CancellationTokenSource();
        var token = ended.Token;
        var decoded = Channel.CreateBounded<DecodedTransaction>(
            new BoundedChannelOptions(Backlog) { SingleReader = true, SingleWriter = true });
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        producer.OnAcknowledged += OnAcknowledged;

        // The Reset, if one was sent, stands before the first of these.
        var decoding = DecodeAsync(streaming, decoded.Writer, finish.Task, drained.Task, token);
        var publishing = PublishAsync(streaming, decoded.Reader, token);
        _heartbeats = new HeartbeatEmitter(
            streaming.Beating,
            () => new Lsn((ulong)replication.LastReceivedLsn),
            () => new Lsn(Volatile.Read(ref _publishedEnd)),
            () => Interlocked.Read(ref _backlogBytes) > 0,
            () => Interlocked.Read(ref _changes),
            options,
            time);
        var heartbeats = _heartbeats.RunAsync(token);
        var confirming = ConfirmAsync(replication, token);
        var settling = SettleAsync(streaming.Settling, token);
        status.Become(PublisherState.Streaming);
        LogStreaming(logger, node, streaming.Start.ToString());
        try
        {
            var stopping = Task.Delay(Timeout.Infinite, stop);
            var first = await Task.WhenAny(decoding, publishing, heartbeats, confirming, settling, producer.Failure,
                stopping).ConfigureAwait(false);
            if (first != stopping)
            {
                await first.ConfigureAwait(false);
                throw new PublisherException("The stream ended.");
            }

            // Orderly: what is decoded is published, read, confirmed; then the slot is free.
            finish.TrySetResult();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
            limit.CancelAfter(options.StopLimit);
            await publishing.WaitAsync(limit.Token).ConfigureAwait(false);
            await producer.FlushAsync(limit.Token).ConfigureAwait(false);
            if (log.Options.Embedded && producer.Acknowledged is { } last)
            {
                await log.Progress.WaitAsync(_topic, last, options.ConsumerPatience, limit.Token).ConfigureAwait(false);
            }

            await ConfirmOnceAsync(replication, limit.Token).ConfigureAwait(false);
            LogHandedOver(logger, node, status.Confirmed.ToString());
        }
        finally
        {
            producer.OnAcknowledged -= OnAcknowledged;
            await ended.CancelAsync().ConfigureAwait(false);
            drained.TrySetResult();
            await Task.WhenAll(decoding, publishing, heartbeats, confirming, settling)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            _spans.Dispose();
        }

        void OnAcknowledged(ReplayPosition end)
        {
            // Only a commit's end may be confirmed: PostgreSQL sends a transaction again as a whole or not at all.
            if (end.IsWholeTransaction)
            {
                Volatile.Write(ref _acknowledgedEnd, end.Lsn.Value);
                _spans.Acknowledged(end.Lsn);
            }
        }
    }

    private async Task DecodeAsync(
        Streaming streaming, ChannelWriter<DecodedTransaction> writer, Task finish, Task drained, CancellationToken cancellationToken)
    {
        try
        {
            var decoder = new TransactionDecoder(options, publication.IsFollowed, publication.FirstNameOf);
            var messages = streaming.Replication.StartReplication(
                new PgOutputReplicationSlot(_name),
                new PgOutputReplicationOptions(_name, PgOutputProtocolVersion.V1, messages: true),
                cancellationToken);
            await foreach (var transaction in decoder.DecodeAsync(messages, cancellationToken).ConfigureAwait(false))
            {
                status.HasReceived(new Lsn((ulong)streaming.Replication.LastReceivedLsn));
                Interlocked.Add(ref _backlogBytes, transaction.Bytes);
                await writer.WriteAsync(transaction, cancellationToken).ConfigureAwait(false);
                while (Interlocked.Read(ref _backlogBytes) > 2 * options.BulkBytes)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellationToken).ConfigureAwait(false);
                }

                if (finish.IsCompleted)
                {
                    // The connection stays open for the last confirmation; a heartbeat brought us here at the latest.
                    writer.TryComplete();
                    await drained.ConfigureAwait(false);
                    return;
                }
            }
        }
        finally
        {
            writer.TryComplete();
        }
    }

    private async Task PublishAsync(Streaming streaming, ChannelReader<DecodedTransaction> reader, CancellationToken cancellationToken)
    {
        var throttle = new ConsumerThrottle(log, _topic, options);
        var batch = new Queue<DecodedTransaction>();
        var last = streaming.Start;
        var unproven = streaming.Unproven;
        var looked = 0L;
        while (await reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            // A round costs the same for one transaction as for many, here and at every reader behind Kafka. So one that comes alone goes at once, and
            // those that come one after another go together: on a busy server that is sooner than one by one.
            if (options.RoundInterval - time.GetElapsedTime(looked) is var early && looked != 0 && early > TimeSpan.Zero)
            {
                await Task.Delay(early, time, cancellationToken).ConfigureAwait(false);
            }

            looked = time.GetTimestamp();
            while (reader.TryRead(out var transaction))
            {
                batch.Enqueue(transaction);
                unproven?.Meet(transaction);
            }

            if (unproven is { IsOfThisWal: null })
            {
                continue;
            }

            if (unproven is { IsOfThisWal: false })
            {
                await ResetAsync(
                    streaming.Producer, streaming.Server, streaming.Start, "the topic's end is not in the server's WAL: an old copy came back",
                    cancellationToken).ConfigureAwait(false);
            }

            unproven = null;

            for (var vain = 0; batch.Count > 0; vain++)
            {
                var snapshot = await streaming.Gate.LookAsync(cancellationToken).ConfigureAwait(false);
                // The head waits for its visibility and all others behind it: the order is the stream's promise.
                while (batch.TryPeek(out var head) && snapshot.IsVisible(snapshot.Widen(head.Xid)))
                {
                    last = await PublishAsync(streaming, throttle, batch.Dequeue(), snapshot, last,
                        cancellationToken).ConfigureAwait(false);
                    vain = -1;
                }

                if (batch.Count > 0 && VisibilityGate.Pause(vain) is var pause && pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task<ReplayPosition> PublishAsync(
        Streaming streaming, ConsumerThrottle throttle, DecodedTransaction transaction, SnapshotView snapshot, ReplayPosition predecessor,
        CancellationToken cancellationToken)
    {
        var size = transaction.Bytes;
        _spans.Begin(transaction);
        var records = transaction.ToRecords(predecessor, streaming.Server.Timeline, snapshot.Widen(transaction.Xid),
            streaming.Server.System);
        var bytes = 0L;
        foreach (var record in records)
        {
            var written = await streaming.Producer.ProduceAsync(record, cancellationToken).ConfigureAwait(false);
            bytes += written;
            await throttle.AddAsync(record.EndPosition(), written, cancellationToken).ConfigureAwait(false);
        }

        Interlocked.Add(ref _backlogBytes, -size);
        Volatile.Write(ref _publishedEnd, transaction.End.Value);
        var end = ReplayPosition.EndOf(streaming.Server.Timeline, transaction.End);
        var commit = DateTimeOffset.UnixEpoch.AddTicks(transaction.CommitTime * TimeSpan.TicksPerMicrosecond);
        status.HasPublished(end, commit);
        var heartbeat = records[0].EventCase == RowChange.EventOneofCase.Heartbeat;
        if (!heartbeat)
        {
            Interlocked.Increment(ref _changes);
            _heartbeats?.Changed();
            if (records.Any(static record => record.EventCase == RowChange.EventOneofCase.SchemaChange))
            {
                // A table may stand in a published one's place now, and until it is published its changes are not told.
                Volatile.Read(ref _schemaChanged).TrySetResult();
            }
        }

        metrics.Published(node, records.Count, bytes, heartbeat);
        metrics.Delayed(node, time.GetUtcNow() - commit);
        return end;
    }

    private async Task ConfirmAsync(LogicalReplicationConnection replication, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(options.ConfirmInterval, time);
        while (await tick.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            status.HasReceived(new Lsn((ulong)replication.LastReceivedLsn));
            await ConfirmOnceAsync(replication, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ConfirmOnceAsync(LogicalReplicationConnection replication, CancellationToken cancellationToken)
    {
        var end = Volatile.Read(ref _acknowledgedEnd);
        if (end > _confirmedEnd)
        {
            replication.SetReplicationStatus(new NpgsqlLogSequenceNumber(end));
            await replication.SendStatusUpdate(cancellationToken).ConfigureAwait(false);
            _confirmedEnd = end;
            status.HasConfirmed(ReplayPosition.EndOf(status.Published.Timeline, new Lsn(end)));
        }
    }

    /// <summary>Publication and contracts, for as long as the stream lives.</summary>
    private async Task SettleAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = notifications?.Version(DirectoryChannel.Contracts) ?? 0;
            var schemaChanged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _schemaChanged, schemaChanged);
            var settled = false;
            try
            {
                settled = await publication.SettleAsync(connection, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (connection.FullState.HasFlag(System.Data.ConnectionState.Open))
            {
                // The directory is away, or a table was changed under our hands: the stream goes on, and this is tried again.
                LogNotSettled(logger, node, e.Message);
            }

            var pause = settled ? options.PublicationInterval : TimeSpan.FromMilliseconds(200);
            var changed = settled && notifications is not null
                ? notifications.WaitAsync(DirectoryChannel.Contracts, seen, cancellationToken)
                : Task.Delay(Timeout.Infinite, cancellationToken);
            await Task.WhenAny(changed, schemaChanged.Task, Task.Delay(pause, time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(string purpose, CancellationToken cancellationToken)
    {
        var settings = PostgresAddress.Parse(address);
        settings.Pooling = false;
        settings.ApplicationName = $"insta changes {purpose}";
        settings.CommandTimeout = 30;
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static string ReplicationString(string address)
    {
        var settings = PostgresAddress.Parse(address);
        settings.Pooling = false;
        settings.ApplicationName = "insta changes";
        return settings.ConnectionString;
    }

    [LoggerMessage(1200, LogLevel.Information, "Publishing the changes of {Node} from {Position}")]
    private static partial void LogStreaming(ILogger logger, NodeName node, string position);

    [LoggerMessage(1201, LogLevel.Warning, "The stream of {Node} begins anew at {Position}: {Reason}")]
    private static partial void LogReset(ILogger logger, NodeName node, string position, string reason);

    [LoggerMessage(1202, LogLevel.Warning,
        "The stream of {Node} waits for the transactions that are running on its server (oldest: {Xid})")]
    private static partial void LogWaitingForRunning(ILogger logger, NodeName node, ulong xid);

    [LoggerMessage(1203, LogLevel.Information, "Handed over the slot of {Node} at {Position}")]
    private static partial void LogHandedOver(ILogger logger, NodeName node, string position);

    [LoggerMessage(1204, LogLevel.Warning, "Publication and contracts of {Node} could not be compared, trying again: {Reason}")]
    private static partial void LogNotSettled(ILogger logger, NodeName node, string reason);

    private sealed record Streaming(
        LogicalReplicationConnection Replication, NpgsqlConnection Beating, NpgsqlConnection Settling, VisibilityGate Gate,
            ChangeProducer Producer,
        ServerIdentity Server, ReplayPosition Start, TopicEnd? Unproven);
}
