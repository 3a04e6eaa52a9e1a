using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>librdkafka's own lines: what it says while it reconnects is no error of ours, so they come as debug.</summary>
internal static partial class KafkaLog
{
    public static void Write(ILogger logger, LogMessage line) => Library(logger, line.Facility, line.Message);

    /// <summary>Why, without what differs from one attempt to the next ("… (after 3ms in state CONNECT, 5 identical error(s) suppressed)").</summary>
    public static string Reason(Error error)
    {
        var end = error.Reason.IndexOf(" (after ", StringComparison.Ordinal);
        return end < 0 ? error.Reason : error.Reason[..end];
    }

    [LoggerMessage(1115, LogLevel.Debug, "librdkafka {Facility}: {Message}")]
    private static partial void Library(ILogger logger, string facility, string message);
}
