namespace InstaGrpc.ChangeLog;

/// <summary>
/// Reads a node's changes in commit order. A record at or before the position is skipped; one whose predecessor is at or before the position is
/// next; anything else is a gap.
/// </summary>
public sealed class ChangeConsumer : IAsyncDisposable
{
    internal ChangeConsumer()
    {
    }

    /// <summary>
    /// Batches until cancelled or disposed; waits while there is nothing to read, and reconnects by itself. To be enumerated once. Asking for the
    /// next batch reports the one before as done to <see cref="IConsumerProgress"/>.
    /// </summary>
    public IAsyncEnumerable<ChangeBatch> ReadAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
