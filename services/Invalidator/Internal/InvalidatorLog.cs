using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Invalidator.Internal;

internal static partial class InvalidatorLog
{
    [LoggerMessage(LogLevel.Information, "Lineage {Owner} of node {Node} in region {Region} begins")]
    public static partial void LineageBegins(ILogger logger, NodeName node, string region, long owner);

    [LoggerMessage(LogLevel.Warning, "The lineage of node {Node} ended and begins again: {Reason}")]
    public static partial void LineageEnded(ILogger logger, NodeName node, string reason);

    [LoggerMessage(LogLevel.Information, "Took over {Server} for node {Node} at {Position}: owner {Former} -> {Owner}")]
    public static partial void TookOver(ILogger logger, NodeName node, string server, ReplayPosition position, long former, long owner);

    [LoggerMessage(LogLevel.Information, "New generation for node {Node} on {Server} at {Position}: {Reason}")]
    public static partial void NewGeneration(ILogger logger, NodeName node, string server, ReplayPosition position, string reason);

    [LoggerMessage(LogLevel.Warning, "Invalidation of {Server} for node {Node} was interrupted and begins again: {Reason}")]
    public static partial void ServerInterrupted(ILogger logger, string server, NodeName node, string reason);

    [LoggerMessage(LogLevel.Warning,
        "Node {Node}: readers rely on contracts up to {Number}, this build understands them up to {Understood}; run the newer version here")]
    public static partial void ContractsNotUnderstood(ILogger logger, NodeName node, long number, long understood);

    [LoggerMessage(LogLevel.Warning, "The announced contracts can't be read from the directory: {Reason}")]
    public static partial void ContractsNotRead(ILogger logger, string reason);
}
