using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// Writes a node's changes: acknowledged by all replicas, in order, without duplicates or holes of its own making. A record that Kafka refuses
/// ends the producer: the publisher opens another one and goes on from what PostgreSQL was told.
/// </summary>
public sealed class ChangeProducer : IAsyncDisposable
{
    internal ChangeProducer()
    {
    }

    /// <summary>The end of the newest record that Kafka has acknowledged together with all before it; null before the first.</summary>
    public ReplayPosition? Acknowledged { get; }

    /// <summary>Called on librdkafka's thread whenever <see cref="Acknowledged"/> has grown; must not block.</summary>
    public event Action<ReplayPosition>? OnAcknowledged;

    /// <summary>Faults with the reason when Kafka refused a record for good; never completes otherwise.</summary>
    public Task Failure { get; } = new TaskCompletionSource().Task;

    /// <summary>Queues a record; waits while the queue is full. Not to be called concurrently.</summary>
    public ValueTask ProduceAsync(RowChange change, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Returns when everything queued so far is acknowledged.</summary>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        OnAcknowledged?.Invoke(default);
        throw new NotImplementedException();
    }

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
