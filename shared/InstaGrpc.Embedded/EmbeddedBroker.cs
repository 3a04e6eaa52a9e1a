using Confluent.Kafka;

namespace InstaGrpc.Embedded;

/// <summary>
/// A broker that speaks the Kafka protocol, inside this process (librdkafka's mock cluster). Other processes can use it while this one
/// lives. For evaluation and tests only: it keeps about 5 MB a partition in memory, drops older messages silently, forgets everything at
/// the end, has no groups worth using (assign and seek), and makes topics by itself, with four partitions, when they are first asked for.
/// </summary>
public sealed class EmbeddedBroker : IDisposable
{
    private readonly IProducer<Null, Null> _owner;

    private EmbeddedBroker(IProducer<Null, Null> owner, string bootstrapServers)
    {
        _owner = owner;
        BootstrapServers = bootstrapServers;
    }

    /// <summary><c>127.0.0.1:port</c>; the kernel gives the port.</summary>
    public string BootstrapServers { get; }

    /// <summary>Starts it; it takes clients when this returns.</summary>
    /// <exception cref="EmbeddedServerException">librdkafka is absent, or the broker did not answer within 10 s.</exception>
    public static EmbeddedBroker Start()
    {
        IProducer<Null, Null>? owner = null;
        try
        {
            owner = new ProducerBuilder<Null, Null>(new ProducerConfig(new Dictionary<string, string>
            {
                ["test.mock.num.brokers"] = "1",
                // Any value: the mock cluster replaces it by its own address.
                ["bootstrap.servers"] = "127.0.0.1:1",
            })).SetLogHandler(static (_, _) => { }).Build();
            using var admin = new DependentAdminClientBuilder(owner.Handle).Build();
            var broker = admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers.Single();
            return new EmbeddedBroker(owner, $"{broker.Host}:{broker.Port}");
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw new EmbeddedServerException(
                "librdkafka is not installed: install Debian's package librdkafka1, or give a broker of your own with --kafka", e);
        }
        catch (KafkaException e)
        {
            owner?.Dispose();
            throw new EmbeddedServerException($"the embedded broker did not start: {e.Error.Reason}", e);
        }
    }

    public void Dispose() => _owner.Dispose();
}
