using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>Makes and examines topics. The calls block, so they run on the pool.</summary>
internal sealed class TopicAdministration(ChangeLogOptions options, ILogger logger)
{
    private static readonly TimeSpan _attempt = TimeSpan.FromSeconds(5);

    public async Task EnsureAsync(string topic, CancellationToken cancellationToken)
    {
        // What librdkafka itself says of its connections; the calls that fail for it only say that they took too long.
        string? away = null;
        using var admin = new AdminClientBuilder(KafkaSettings.Admin(options))
            .SetLogHandler((_, line) => KafkaLog.Write(logger, line))
            .SetErrorHandler((_, error) => Volatile.Write(ref away, KafkaLog.Reason(error)))
            .Build();
        if (!options.Embedded)
        {
            // Made before metadata is asked for: a broker that makes topics by itself would choose its own number of partitions.
            try
            {
                await CreateAsync(admin, topic).WaitAsync(options.AdminTimeout, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is TimeoutException or KafkaException)
            {
                throw new ChangeLogException(
                    $"Topic '{topic}' can't be made on Kafka at {options.BootstrapServers}: {Volatile.Read(ref away) ?? e.Message}", e);
            }
        }

        var partitions = await Task.Run(() => Partitions(admin, topic, () => Volatile.Read(ref away), cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        if (partitions != 1 && !options.Embedded)
        {
            throw new ChangeLogException(
                $"Topic '{topic}' has {partitions} partitions, and only one keeps a node's changes in order. "
                + "Delete the topic (it is made anew, with one), "
                + "or set Insta:Kafka:Embedded to true if these servers are the embedded broker.");
        }
    }

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(
                () =>
                {
                    using var admin = new AdminClientBuilder(KafkaSettings.Admin(options)).SetLogHandler((_, line) => KafkaLog.Write(logger, line))
                        .SetErrorHandler((_, _) => { }).Build();
                    admin.GetMetadata(options.AdminTimeout);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (KafkaException e)
        {
            throw new ChangeLogException($"{options.BootstrapServers} can't be reached: {e.Error.Reason}", e);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            throw new ChangeLogException("The library librdkafka.so.1 is missing: install the package librdkafka1 (Debian's name).", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // librdkafka names the property and why it refuses it.
            throw new ChangeLogException($"{options.BootstrapServers} can't be used: {e.Message}", e);
        }
    }

    /// <summary>A topic's own settings: what is acknowledged outlives a broker wherever there are copies enough for one to be away.</summary>
    internal static Dictionary<string, string> Settings(ChangeLogOptions options)
    {
        var settings = new Dictionary<string, string> { ["cleanup.policy"] = "delete" };
        if (options.ReplicationFactor >= 3)
        {
            settings["min.insync.replicas"] = "2";
        }

        return settings;
    }

    private async Task CreateAsync(IAdminClient admin, string topic)
    {
        try
        {
            await admin.CreateTopicsAsync(
                [
                    new TopicSpecification
                    {
                        Name = topic,
                        NumPartitions = 1,
                        ReplicationFactor = options.ReplicationFactor,
                        Configs = Settings(options),
                    },
                ],
                new CreateTopicsOptions { RequestTimeout = options.AdminTimeout, OperationTimeout = options.AdminTimeout })
                .ConfigureAwait(false);
        }
        catch (CreateTopicsException e) when (e.Results.All(result => result.Error.Code is
            ErrorCode.NoError or ErrorCode.TopicAlreadyExists
            or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed))
        {
            // There already, or somebody else makes the topics: the metadata tell.
        }
    }

    private int Partitions(IAdminClient admin, string topic, Func<string?> away, CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)options.AdminTimeout.TotalMilliseconds;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reason = "it does not exist: make it with one partition.";
            try
            {
                var found = admin.GetMetadata(topic, _attempt).Topics.SingleOrDefault(candidate => candidate.Topic == topic);
                if (found is { Error.IsError: false, Partitions.Count: > 0 })
                {
                    return found.Partitions.Count;
                }
            }
            catch (KafkaException e)
            {
                reason = away() ?? KafkaLog.Reason(e.Error);
            }

            if (Environment.TickCount64 > until)
            {
                throw new ChangeLogException($"Topic '{topic}' can't be used on Kafka at {options.BootstrapServers}: {reason}");
            }

            cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(50));
        }
    }
}
