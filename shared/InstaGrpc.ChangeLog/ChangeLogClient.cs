using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog;

/// <summary>Opens producers and consumers of the change stream. Thread-safe; one a process.</summary>
public sealed class ChangeLogClient(ChangeLogOptions options, IConsumerProgress progress, ILoggerFactory loggers)
{
    private readonly ILoggerFactory _loggers = loggers;

    public ChangeLogOptions Options => options;

    public IConsumerProgress Progress => progress;

    public string TopicOf(NodeName node) => ChangeTopic.Name(options.Prefix, node);

    /// <summary>Makes the node's topic if it is not there, and refuses one that can't keep the order.</summary>
    /// <exception cref="ChangeLogException">It has more than one partition on a real Kafka, or the brokers can't be reached.</exception>
    public Task EnsureTopicAsync(NodeName node, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    public ChangeProducer OpenProducer(NodeName node) => throw new NotImplementedException();

    /// <param name="node">Whose changes.</param>
    /// <param name="name">Names the consumer in logs, metrics and <see cref="IConsumerProgress"/>: "invalidator/10.0.0.1:11211".</param>
    /// <param name="start">Where it begins.</param>
    public ChangeConsumer OpenConsumer(NodeName node, string name, ChangeStart start) => throw new NotImplementedException();

    /// <summary>The newest record of the node's topic; null if it holds none.</summary>
    public Task<LoggedChange?> ReadNewestAsync(NodeName node, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
