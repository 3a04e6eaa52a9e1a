using Microsoft.Extensions.Configuration;

namespace InstaGrpc.ChangeLog;

/// <summary>Where the change stream lives. Bound from <c>Insta:Kafka</c> and <c>Insta:Prefix</c>.</summary>
public sealed class ChangeLogOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Kafka";

    /// <summary>The key of <see cref="Prefix"/>, which is the whole mesh's and not this section's.</summary>
    public const string PrefixKey = "Insta:Prefix";

    /// <summary><c>host:port[,…]</c>; <c>Insta:Kafka:BootstrapServers</c>.</summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>
    /// True if the servers are the embedded broker: it makes topics by itself, with four partitions, and drops what is older than about 5
    /// MB. Default false.
    /// </summary>
    public bool Embedded { get; set; }

    /// <summary>
    /// Copies of a topic that is made on a real Kafka. Default -1: what the broker has set. With 3 or more, what is acknowledged is on two brokers at
    /// least (<c>min.insync.replicas</c>); a topic that is made otherwise needs that too, or a broker's loss can lose changes.
    /// </summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>How long making or examining a topic may take. Default 30 s.</summary>
    public TimeSpan AdminTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Passed on to librdkafka (<c>sasl.*</c>, <c>ssl.*</c>, <c>security.protocol</c>, …). What the guarantees rest on can't be
    /// overridden.</summary>
    public Dictionary<string, string> Client { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Put before every topic's name; <c>Insta:Prefix</c>. Default none.</summary>
    public string Prefix { get; set; } = "";

    public static ChangeLogOptions From(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var options = new ChangeLogOptions();
        section.Bind(options);
        options.Prefix = configuration[PrefixKey] ?? "";
        options.Client.Clear();
        var client = section.GetSection(nameof(Client));
        foreach (var (path, value) in client.AsEnumerable(makePathsRelative: true))
        {
            // librdkafka's names hold dots; in a variable (INSTA__KAFKA__CLIENT__SASL__MECHANISM) each level stands for one.
            if (value is not null && path.Length > 0)
            {
                options.Client[path.Replace(':', '.').ToLowerInvariant()] = value;
            }
        }

        return options;
    }
}
