using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// How far the consumers of this process are. The embedded broker drops old records silently, so its publisher waits for them, and lets
/// them finish before it stops.
/// </summary>
public interface IConsumerProgress
{
    /// <summary>Begins to count a consumer of the topic. <see cref="ChangeConsumer"/> does this by itself.</summary>
    IConsumerMark Follow(string topic, string consumer);

    /// <summary>
    /// The position of the slowest consumer of the topic; null if nobody reads it here. A consumer that has stood still for
    /// <paramref name="patience"/> while there was more to read does not count: it will find a gap.
    /// </summary>
    ReplayPosition? Slowest(string topic, TimeSpan patience);

    /// <summary>Returns when every consumer that counts has done with <paramref name="position"/>.</summary>
    Task WaitAsync(string topic, ReplayPosition position, TimeSpan patience, CancellationToken cancellationToken);
}
