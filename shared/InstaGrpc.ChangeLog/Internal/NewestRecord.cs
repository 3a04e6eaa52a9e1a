using Confluent.Kafka;
using Google.Protobuf;
using InstaGrpc.Contracts.ChangesV1;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>Reads the last record of a topic; blocks.</summary>
internal static class NewestRecord
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(100);

    public static LoggedChange? Read(ChangeLogOptions options, string topic, ILogger logger, CancellationToken cancellationToken)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(KafkaSettings.Consumer(options))
            .SetLogHandler((_, line) => KafkaLog.Write(logger, line))
            .SetErrorHandler((_, _) => { })
            .Build();
        try
        {
            var until = Environment.TickCount64 + (long)options.AdminTimeout.TotalMilliseconds;
            var partition = new TopicPartition(topic, ChangeTopic.Partition);
            while (true)
            {
                // Asked again after each vain attempt: the record may have been trimmed meanwhile.
                var range = consumer.QueryWatermarkOffsets(partition, options.AdminTimeout);
                if (range.High.Value <= range.Low.Value)
                {
                    return null;
                }

                consumer.Assign(new TopicPartitionOffset(partition, range.High.Value - 1));
                for (var attempt = 0; attempt < 20; attempt++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (consumer.Consume(_poll) is { Message: { } message } result)
                    {
                        return new LoggedChange(RowChange.Parser.ParseFrom(message.Value), result.Offset.Value, message.Value.Length);
                    }
                }

                if (Environment.TickCount64 > until)
                {
                    throw new ChangeLogException(
                        $"The newest record of topic '{topic}' could not be read within {options.AdminTimeout.TotalSeconds:0} s.");
                }
            }
        }
        catch (KafkaException e)
        {
            throw new ChangeLogException(
                $"The newest record of topic '{topic}' can't be read from Kafka at {options.BootstrapServers}: {KafkaLog.Reason(e.Error)}", e);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ChangeLogException(
                $"The newest record of topic '{topic}' is no record of a change stream: somebody else writes into the topic. "
                + "Delete it (it is made anew), or choose another Insta:Prefix.",
                e);
        }
    }
}
