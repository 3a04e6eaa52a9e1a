using Confluent.Kafka;
using Google.Protobuf;
using InstaGrpc.ChangeLog.Internal;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// Writes a node's changes: acknowledged by all replicas, in order, without duplicates or holes of its own making. A record that Kafka
/// refuses ends the producer: the publisher opens another one and goes on from what PostgreSQL was told.
/// </summary>
public sealed class ChangeProducer : IAsyncDisposable
{
    /// <summary>What may be queued and unacknowledged at once, in bytes.</summary>
    private const long Window = 32 << 20;

    private const int WindowRecords = 200_000;

    private readonly IProducer<Null, byte[]> _producer;
    private readonly TopicPartition _partition;
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiter;
    private ReplayPosition? _acknowledged;
    private long _queuedBytes;
    private int _queuedRecords;

    internal ChangeProducer(ChangeLogOptions options, string topic, ILogger logger)
    {
        Topic = topic;
        _partition = new TopicPartition(topic, ChangeTopic.Partition);
        _producer = new ProducerBuilder<Null, byte[]>(KafkaSettings.Producer(options))
            .SetLogHandler((_, line) => KafkaLog.Write(logger, line))
            .SetErrorHandler((_, error) =>
            {
                if (error.IsFatal)
                {
                    Fail(error);
                }
            })
            .Build();
    }

    public string Topic { get; }

    /// <summary>The end of the newest record that Kafka has acknowledged together with all before it; null before the first.</summary>
    public ReplayPosition? Acknowledged
    {
        get
        {
            lock (_lock)
            {
                return _acknowledged;
            }
        }
    }

    /// <summary>Called on librdkafka's thread whenever <see cref="Acknowledged"/> has grown; must not block.</summary>
    public event Action<ReplayPosition>? OnAcknowledged;

    /// <summary>Faults with the reason when Kafka refused a record for good; never completes otherwise.</summary>
    public Task Failure => _failure.Task;

    /// <summary>Queues a record and returns its size in bytes; waits while the queue is full. Not to be called concurrently.</summary>
    /// <exception cref="ChangeLogException">Kafka refused this record or one before it.</exception>
    public async ValueTask<int> ProduceAsync(RowChange change, CancellationToken cancellationToken)
    {
        var value = change.ToByteArray();
        if (Reserve(value.Length) is { } room)
        {
            await WaitAsync(room, () => Reserve(value.Length), cancellationToken).ConfigureAwait(false);
        }

        if (_failure.Task.IsFaulted)
        {
            await _failure.Task.ConfigureAwait(false);
        }

        var end = change.EndPosition();
        try
        {
            _producer.Produce(_partition, new Message<Null, byte[]> { Value = value }, report => Delivered(report, end, value.Length));
        }
        catch (KafkaException e)
        {
            throw Fail(e.Error);
        }

        return value.Length;
    }

    /// <summary>Returns when everything queued so far is acknowledged.</summary>
    /// <exception cref="ChangeLogException">Kafka refused a record.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (UntilEmpty() is { } signal)
        {
            await WaitAsync(signal, UntilEmpty, cancellationToken).ConfigureAwait(false);
        }

        if (_failure.Task.IsFaulted)
        {
            await _failure.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Drops what is not acknowledged.</summary>
    public async ValueTask DisposeAsync() => await Task.Run(_producer.Dispose).ConfigureAwait(false);

    private async Task WaitAsync(Task signal, Func<Task?> again, CancellationToken cancellationToken)
    {
        for (Task? next = signal; next is not null; next = again())
        {
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Null if the record fits (or the producer has failed); else what signals the next acknowledgement.</summary>
    private Task? Reserve(int bytes)
    {
        lock (_lock)
        {
            if (_failure.Task.IsFaulted || _queuedRecords == 0 || (_queuedBytes + bytes <= Window && _queuedRecords < WindowRecords))
            {
                _queuedBytes += bytes;
                _queuedRecords++;
                return null;
            }

            return NextSignal();
        }
    }

    private Task? UntilEmpty()
    {
        lock (_lock)
        {
            return _queuedRecords == 0 || _failure.Task.IsFaulted ? null : NextSignal();
        }
    }

    private Task NextSignal() => (_waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void Delivered(DeliveryReport<Null, byte[]> report, ReplayPosition end, int bytes)
    {
        if (report.Error.IsError || report.Status == PersistenceStatus.NotPersisted)
        {
            Fail(report.Error);
            return;
        }

        TaskCompletionSource? waiter;
        lock (_lock)
        {
            if (_failure.Task.IsFaulted)
            {
                // One before this was refused: nothing after it counts.
                return;
            }

            _acknowledged = end;
            _queuedBytes -= bytes;
            _queuedRecords--;
            waiter = _waiter;
            _waiter = null;
        }

        waiter?.TrySetResult();
        OnAcknowledged?.Invoke(end);
    }

    private ChangeLogException Fail(Error error)
    {
        var exception = new ChangeLogException($"Kafka refused a record of topic '{Topic}': {error.Reason} ({error.Code}).");
        TaskCompletionSource? waiter;
        lock (_lock)
        {
            _failure.TrySetException(exception);
            waiter = _waiter;
            _waiter = null;
        }

        // Observed here: a publisher that has ended already must not leave an unobserved exception.
        _ = _failure.Task.Exception;
        waiter?.TrySetResult();
        return exception;
    }
}
