using Confluent.Kafka;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Embedded.Tests;

public sealed class EmbeddedBrokerTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task WhatIsProducedIsConsumedFromTheGivenOffset()
    {
        var servers = fixture.Servers;
        var topic = servers.NewPrefix("broker") + "changes.n1";
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = servers.Kafka }).Build();
        for (var number = 0; number < 3; number++)
        {
            await producer.ProduceAsync(new TopicPartition(topic, 0), new Message<Null, string> { Value = $"record {number}" });
        }

        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = servers.Kafka, GroupId = "unused", EnableAutoCommit = false, FetchWaitMaxMs = 10,
        }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, 1));

        var record = consumer.Consume(TimeSpan.FromSeconds(30));

        Assert.Equal("record 1", record?.Message.Value);
    }
}
