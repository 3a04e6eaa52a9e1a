namespace Grpc.Core;

/// <summary>A stream of messages that is written one at a time.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>For the messages written from now on; null for the default.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Sends a message. Not to be called again before it has ended.</summary>
    Task WriteAsync(T message);

    /// <summary>Sends a message, or gives up. A writer that cannot give up refuses tokens that can be cancelled.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? throw new NotSupportedException("This stream writer cannot cancel a write.")
        : WriteAsync(message);
}
