using InstaGrpc.Embedded;

namespace InstaGrpc.TestFixtures;

/// <summary>The embedded broker, or Apache Kafka when <c>INSTA_TEST_KAFKA=apache</c>.</summary>
public sealed class TestBroker : IDisposable
{
    private readonly IDisposable _server;

    private TestBroker(IDisposable server, string bootstrapServers, bool isApacheKafka)
    {
        _server = server;
        BootstrapServers = bootstrapServers;
        IsApacheKafka = isApacheKafka;
    }

    public string BootstrapServers { get; }

    public bool IsApacheKafka { get; }

    public static async Task<TestBroker> StartAsync(string folder, CancellationToken ct = default)
    {
        if (Environment.GetEnvironmentVariable("INSTA_TEST_KAFKA") == "apache")
        {
            var kafka = await ApacheKafka.StartAsync(folder, ct: ct).ConfigureAwait(false);
            return new TestBroker(kafka, kafka.BootstrapServers, isApacheKafka: true);
        }
        var broker = await Task.Run(EmbeddedBroker.Start, ct).ConfigureAwait(false);
        return new TestBroker(broker, broker.BootstrapServers, isApacheKafka: false);
    }

    public void Dispose() => _server.Dispose();
}
