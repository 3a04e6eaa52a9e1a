namespace Grpc.Core;

/// <summary>A stream of messages that is read one at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> read.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false at the end. Not to be called again before it has ended.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
