using Confluent.Kafka;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Embedded.Tests;

public sealed class ApacheKafkaTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [ToolFact("kafka")]
    public async Task ApacheKafkaFromTheToolsStartsAndAnswers()
    {
        using var kafka = await ApacheKafka.StartAsync(_folder.Path);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = kafka.BootstrapServers }).Build();

        var metadata = admin.GetMetadata(TimeSpan.FromSeconds(30));

        Assert.Equal(kafka.Port, Assert.Single(metadata.Brokers).Port);
    }
}
