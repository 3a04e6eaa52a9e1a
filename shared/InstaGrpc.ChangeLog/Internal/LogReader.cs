using Confluent.Kafka;
using Google.Protobuf;
using InstaGrpc.Contracts.ChangesV1;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>
/// Reads the partition on a thread of its own (librdkafka's calls block) and hands over batches. It looks at the log's ends whenever
/// nothing came for a while: a broker that trims silently leaves a consumer waiting, without an error, for an offset that is gone, and a
/// broker that began anew has a log that ends before it.
/// </summary>
internal sealed partial class LogReader(
    ChangeLogOptions options, string topic, string name, ChangeStart start, Action<ChangeBatch, CancellationToken> deliver, ILogger logger)
{
    private const int MaxRecords = 2_000;
    private const int MaxBytes = 1 << 20;
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _query = TimeSpan.FromSeconds(10);

    private readonly TopicPartition _partition = new(topic, ChangeTopic.Partition);
    private readonly StreamFollower _follower = new(start);
    private long _hint = start.OffsetHint;
    private string? _unread = "no broker has answered yet";

    /// <summary>Where the log goes on, as far as this reader knows.</summary>
    private long _next;

    /// <summary>Why nothing can be read at the moment; null: it is being read.</summary>
    public string? Unread => Volatile.Read(ref _unread);

    /// <summary>Runs until cancelled. What fails is tried again from the position reached.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var consumer = new ConsumerBuilder<Ignore, byte[]>(KafkaSettings.Consumer(options))
                    .SetLogHandler((_, line) => KafkaLog.Write(logger, line))
                    .SetErrorHandler((_, _) => { })
                    .Build();
                Seek(consumer, cancellationToken);
                failures = 0;
                Volatile.Write(ref _unread, null);
                while (ReadBatch(consumer, cancellationToken))
                {
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (KafkaException e)
            {
                failures++;
                Volatile.Write(ref _unread, $"{topic} can't be read from Kafka at {options.BootstrapServers}: {KafkaLog.Reason(e.Error)}");
                if (failures == 1)
                {
                    LogFailure(logger, name, topic, KafkaLog.Reason(e.Error));
                }

                cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(Math.Min(2_000, 50 << Math.Min(failures, 6))));
            }
        }
    }

    /// <summary>To the record after the position if the offset kept for it is right; else to the log's start, and by positions.</summary>
    private void Seek(IConsumer<Ignore, byte[]> consumer, CancellationToken cancellationToken)
    {
        var range = consumer.QueryWatermarkOffsets(_partition, _query);
        var (low, high) = (range.Low.Value, range.High.Value);
        if (_follower.Position is null)
        {
            _next = start.FromBeginning || high <= low ? low : high - 1;
        }
        else if (_hint >= low && _hint < high && IsOwnRecord(consumer, _hint, cancellationToken))
        {
            // The own record comes first, is judged, and settles that what follows comes after it.
            _next = _hint;
        }
        else
        {
            if (_hint >= 0 && high > low)
            {
                LogScan(logger, name, topic, _hint, low, high);
            }

            _next = low;
        }

        _follower.BeginScan();
        consumer.Assign(new TopicPartitionOffset(_partition, _next));
    }

    private bool IsOwnRecord(IConsumer<Ignore, byte[]> consumer, long offset, CancellationToken cancellationToken)
    {
        consumer.Assign(new TopicPartitionOffset(_partition, offset));
        for (var attempt = 0; attempt < 8; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (consumer.Consume(_poll) is { Message: { } message } result)
            {
                return result.Offset.Value == offset && Parse(message.Value, offset) is { } change && _follower.IsOwnRecord(change);
            }
        }

        return false;
    }

    /// <summary>False: the log is not what it was; seek again.</summary>
    private bool ReadBatch(IConsumer<Ignore, byte[]> consumer, CancellationToken cancellationToken)
    {
        var result = WaitForRecord(consumer, cancellationToken);
        if (result is null)
        {
            return false;
        }

        var from = _follower.Position;
        var changes = new List<LoggedChange>();
        var bytes = 0;
        while (result is { Message: { } message })
        {
            var offset = result.Offset.Value;
            _next = offset + 1;
            if (Parse(message.Value, offset) is { } change)
            {
                var verdict = _follower.Judge(change, offset, out var gap);
                if (gap is not null)
                {
                    Flush(ref changes, cancellationToken);
                    LogGap(logger, name, topic, gap.Reason, gap.Detail, gap.ResumeFrom.ToString());
                    _hint = gap.OffsetHint;
                    deliver(new ChangeBatch(gap), cancellationToken);
                    from = gap.ResumeFrom;
                }

                if (verdict == StreamFollower.Verdict.Apply)
                {
                    changes.Add(new LoggedChange(change, offset, message.Value.Length));
                    bytes += message.Value.Length;
                    _hint = offset;
                    if (changes.Count == MaxRecords || bytes >= MaxBytes)
                    {
                        break;
                    }
                }
                else if (changes.Count == 0 && offset % 1024 == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }

            result = consumer.Consume(0);
        }

        Flush(ref changes, cancellationToken);
        return true;

        void Flush(ref List<LoggedChange> pending, CancellationToken token)
        {
            if (pending.Count > 0)
            {
                deliver(new ChangeBatch(from!.Value, pending), token);
                from = pending[^1].End;
                pending = [];
            }
        }
    }

    /// <summary>Null: nothing came, and the log's ends say that nothing will.</summary>
    private ConsumeResult<Ignore, byte[]>? WaitForRecord(IConsumer<Ignore, byte[]> consumer, CancellationToken cancellationToken)
    {
        var silentSince = Environment.TickCount64;
        var behind = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (consumer.Consume(_poll) is { Message: not null } result)
            {
                return result;
            }

            if (Environment.TickCount64 - silentSince < _silence.TotalMilliseconds)
            {
                continue;
            }

            var range = consumer.QueryWatermarkOffsets(_partition, _query);
            var (low, high) = (range.Low.Value, range.High.Value);
            if (low > _next || high < _next || (behind && high > _next))
            {
                LogLost(logger, name, topic, _next, low, high);
                return null;
            }

            // Records are there and did not come: once may be chance, twice is a consumer that is stuck.
            behind = high > _next;
            silentSince = Environment.TickCount64;
        }
    }

    private RowChange? Parse(byte[] value, long offset)
    {
        try
        {
            return RowChange.Parser.ParseFrom(value);
        }
        catch (InvalidProtocolBufferException e)
        {
            // Somebody else writes into this topic. If it was a record of ours, the predecessor of the next one tells.
            LogForeign(logger, topic, offset, e.Message);
            return null;
        }
    }

    [LoggerMessage(1110, LogLevel.Warning, "{Consumer} can't read {Topic} from Kafka, trying again: {Reason}")]
    private static partial void LogFailure(ILogger logger, string consumer, string topic, string reason);

    [LoggerMessage(1111, LogLevel.Information,
        "{Consumer} reads {Topic} from its start: offset {Offset} is not its position's (log {Low} to {High})")]
    private static partial void LogScan(ILogger logger, string consumer, string topic, long offset, long low, long high);

    [LoggerMessage(1112, LogLevel.Information, "{Consumer} found a gap in {Topic}: {Reason}, {Detail}; going on from {Position}")]
    private static partial void LogGap(ILogger logger, string consumer, string topic, GapReason reason, string detail, string position);

    [LoggerMessage(1113, LogLevel.Warning, "{Consumer} waits at offset {Offset} of {Topic}, whose log is {Low} to {High}: seeking again")]
    private static partial void LogLost(ILogger logger, string consumer, string topic, long offset, long low, long high);

    [LoggerMessage(1114, LogLevel.Error, "Offset {Offset} of {Topic} is no record of a change stream, skipped: {Reason}")]
    private static partial void LogForeign(ILogger logger, string topic, long offset, string reason);
}
