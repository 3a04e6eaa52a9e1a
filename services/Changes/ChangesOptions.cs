namespace InstaGrpc.Services.Changes;

/// <summary>The section <c>Insta:Changes</c>.</summary>
public sealed class ChangesOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Changes";

    /// <value>The nodes whose streams this process offers to publish; empty (default): all that are configured, and the directory.</value>
    public string[] Nodes { get; set; } = [];

    /// <value>How often the stream is kept moving while nothing else does; default 100 ms. Bounds how old an idle cache thinks it
    /// is.</value>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <value>How long the WAL may be ahead of what is published before a heartbeat raises it; default 5 ms. Bounds how long a read that
    /// carries a write's token goes uncached.</value>
    public TimeSpan CatchUpDelay { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <value>The shortest time from one look at what has become visible to the next; default 2 ms, zero looks at once. What comes meanwhile is published
    /// together, which costs a stream of small transactions half the work at both ends of Kafka. One that comes alone does not wait.</value>
    public TimeSpan RoundInterval { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <value>How often PostgreSQL is told what Kafka has acknowledged; default 1 s. What it was not told of comes again after a
    /// crash.</value>
    public TimeSpan ConfirmInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>Bytes of row values beyond which a transaction becomes one Bulk record; default 64 MiB.</value>
    public long BulkBytes { get; set; } = 64 << 20;

    /// <value>Bytes that one record may have; a transaction with a larger one becomes Bulk. Default 900,000: below Kafka's usual limit of
    /// 1 MB a message.</value>
    public int MaxRecordBytes { get; set; } = 900_000;

    /// <value>How far, in bytes, the publisher may be ahead of the consumers of its process when the broker is the embedded one, which
    /// forgets what is older than about 5 MB; default 2 MiB.</value>
    public long EmbeddedLead { get; set; } = 2 << 20;

    /// <value>How long a consumer that stands still holds up the publisher of the embedded broker; default 5 s.</value>
    public TimeSpan ConsumerPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How long an orderly stop may take to publish, have read and confirm what is decoded; default 3 s. The rest comes
    /// again.</value>
    public TimeSpan StopLimit { get; set; } = TimeSpan.FromSeconds(3);

    /// <value>How long adding a table to the publication may wait for its lock before writers are let through again; default 2 s.</value>
    public TimeSpan PublicationLockTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <value>How often PostgreSQL is asked how much WAL the slots make it keep; default 10 s.</value>
    public TimeSpan SlotInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>How often publication and contracts are compared without having been told of a change; default 10 s.</value>
    public TimeSpan PublicationInterval { get; set; } = TimeSpan.FromSeconds(10);
}
