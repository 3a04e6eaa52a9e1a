using InstaGrpc.ChangeLog.Internal;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog;

/// <summary>Opens producers and consumers of the change stream. Thread-safe; one a process.</summary>
public sealed class ChangeLogClient(ChangeLogOptions options, IConsumerProgress progress, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<ChangeLogClient>();

    public ChangeLogOptions Options => options;

    public IConsumerProgress Progress => progress;

    public string TopicOf(NodeName node) => ChangeTopic.Name(options.Prefix, node);

    /// <summary>Makes the node's topic if it is not there, and refuses one that can't keep the order.</summary>
    /// <exception cref="ChangeLogException">It has more than one partition on a real Kafka, or the brokers can't be reached.</exception>
    public Task EnsureTopicAsync(NodeName node, CancellationToken cancellationToken) =>
        new TopicAdministration(options, _logger).EnsureAsync(TopicOf(node), cancellationToken);

    /// <summary>Asks once whether the brokers are there.</summary>
    /// <exception cref="ChangeLogException">Nobody answered within <see cref="ChangeLogOptions.AdminTimeout"/>, or librdkafka is missing.</exception>
    public Task CheckAsync(CancellationToken cancellationToken) => new TopicAdministration(options, _logger).CheckAsync(cancellationToken);

    public ChangeProducer OpenProducer(NodeName node) => new(options, TopicOf(node), loggers.CreateLogger<ChangeProducer>());

    /// <param name="node">Whose changes.</param>
    /// <param name="name">Names the consumer in logs, metrics and <see cref="IConsumerProgress"/>: "invalidator/10.0.0.1:11211".</param>
    /// <param name="start">Where it begins.</param>
    public ChangeConsumer OpenConsumer(NodeName node, string name, ChangeStart start) =>
        new(this, node, name, start, loggers.CreateLogger<ChangeConsumer>());

    /// <summary>The newest record of the node's topic; null if it holds none.</summary>
    /// <exception cref="ChangeLogException">The brokers can't be reached.</exception>
    public Task<LoggedChange?> ReadNewestAsync(NodeName node, CancellationToken cancellationToken) =>
        Task.Run(() => NewestRecord.Read(options, TopicOf(node), _logger, cancellationToken), cancellationToken);
}
