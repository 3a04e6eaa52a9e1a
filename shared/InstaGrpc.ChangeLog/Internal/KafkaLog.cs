using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>librdkafka's own lines: what it says while it reconnects is no error of ours, so they come as debug.</summary>
internal static partial class KafkaLog
{
    public static void Write(ILogger logger, LogMessage line) => Library(logger, line.Facility, line.Message);

    [LoggerMessage(1115, LogLevel.Debug, "librdkafka {Facility}: {Message}")]
    private static partial void Library(ILogger logger, string facility, string message);
}
