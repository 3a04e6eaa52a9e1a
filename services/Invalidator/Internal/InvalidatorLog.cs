using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Invalidator.Internal;

internal static partial class InvalidatorLog
{
    [LoggerMessage(1600, LogLevel.Information, "Lineage {Owner} of node {Node} in region {Region} begins")]
    public static partial void LineageBegins(ILogger logger, NodeName node, string region, long owner);

    [LoggerMessage(1601, LogLevel.Warning, "The lineage of node {Node} ended and begins again: {Reason}")]
    public static partial void LineageEnded(ILogger logger, NodeName node, string reason);

    [LoggerMessage(1602, LogLevel.Information, "Took over {Server} for node {Node} at {Position}: owner {Former} -> {Owner}")]
    public static partial void TookOver(ILogger logger, NodeName node, string server, ReplayPosition position, long former, long owner);

    [LoggerMessage(1603, LogLevel.Information, "New generation for node {Node} on {Server} at {Position}: {Reason}")]
    public static partial void NewGeneration(ILogger logger, NodeName node, string server, ReplayPosition position, string reason);

    [LoggerMessage(1604, LogLevel.Warning, "Invalidation of {Server} for node {Node} was interrupted and begins again: {Reason}")]
    public static partial void ServerInterrupted(ILogger logger, string server, NodeName node, string reason);

    [LoggerMessage(1605, LogLevel.Warning,
        "Node {Node}: readers rely on contracts up to {Number}, this build understands them up to {Understood}; run the newer version here")]
    public static partial void ContractsNotUnderstood(ILogger logger, NodeName node, long number, long understood);

    [LoggerMessage(1606, LogLevel.Warning, "The announced contracts can't be read from the directory: {Reason}")]
    public static partial void ContractsNotRead(ILogger logger, string reason);

    [LoggerMessage(1608, LogLevel.Error, "The lineage of node {Node} failed and begins again")]
    public static partial void LineageFailed(ILogger logger, NodeName node, Exception exception);

    [LoggerMessage(1609, LogLevel.Error, "Reading the announced contracts failed and is tried again")]
    public static partial void ContractsFailed(ILogger logger, Exception exception);

    [LoggerMessage(1607, LogLevel.Error,
        "Contract {Number} in the directory can't be read ({Reason}): it and those announced after it stay uncached until it is ended")]
    public static partial void ContractNotRead(ILogger logger, long number, string reason);
}
