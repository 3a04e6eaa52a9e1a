using System.Globalization;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>librdkafka's properties: the operator's, and over them those that the guarantees rest on.</summary>
internal static class KafkaSettings
{
    /// <summary>Sent at once, acknowledged by all, no retry limit; on anything that would tear a hole the producer stops.</summary>
    private static readonly KeyValuePair<string, string>[] _producer =
    [
        new("acks", "all"),
        new("enable.idempotence", "true"),
        new("enable.gapless.guarantee", "true"),
        new("message.timeout.ms", "0"),
        new("linger.ms", "0"),
        // One request at a time: what is produced meanwhile goes together in the next, which is sooner than several small ones. With more in flight the
        // embedded broker's answers wait for each other, too: its sockets collect small packets until the other side acknowledges, after 40 ms.
        new("max.in.flight", "1"),
        // The producer's own window (ChangeProducer) is the limit; librdkafka's must never be met.
        new("queue.buffering.max.messages", "1000000"),
        new("queue.buffering.max.kbytes", "262144"),
    ];

    private static readonly KeyValuePair<string, string>[] _consumer =
    [
        // Confluent.Kafka wants one; no group is ever joined.
        new("group.id", "insta"),
        new("enable.auto.commit", "false"),
        new("enable.auto.offset.store", "false"),
        new("auto.offset.reset", "error"),
        new("fetch.min.bytes", "1"),
        new("queued.max.messages.kbytes", "16384"),
    ];

    public static Dictionary<string, string> Producer(ChangeLogOptions options) => Build(options, _producer);

    public static Dictionary<string, string> Consumer(ChangeLogOptions options)
    {
        var settings = Build(options, _consumer);
        // The embedded broker lets a fetch wait its whole time, whatever comes meanwhile; a real one answers with the first record.
        settings["fetch.wait.max.ms"] = (options.Embedded ? 10 : 100).ToString(CultureInfo.InvariantCulture);
        return settings;
    }

    public static Dictionary<string, string> Admin(ChangeLogOptions options) => Build(options, []);

    private static Dictionary<string, string> Build(ChangeLogOptions options, KeyValuePair<string, string>[] fixedOnes)
    {
        if (options.BootstrapServers.Length == 0)
        {
            throw new ChangeLogException("No Kafka is configured: set Insta:Kafka:BootstrapServers to host:port[,…].");
        }

        var settings = new Dictionary<string, string>(options.Client, StringComparer.OrdinalIgnoreCase);
        settings.TryAdd("client.id", "insta");
        settings.TryAdd("socket.nagle.disable", "true");
        settings.TryAdd("reconnect.backoff.max.ms", "1000");
        settings["bootstrap.servers"] = options.BootstrapServers;
        foreach (var (name, value) in fixedOnes)
        {
            settings[name] = value;
        }

        return settings;
    }
}
