namespace InstaGrpc.Host.Lifecycle;

/// <summary>What <c>insta up</c> was asked for.</summary>
internal sealed record UpOptions
{
    /// <value>0 lets the kernel choose.</value>
    public required int GrpcPort { get; init; }

    /// <value>0 lets the kernel choose.</value>
    public required int WebPort { get; init; }

    public required DataFolder Data { get; init; }

    /// <value>Databases of the own cluster, one a node; null: as many as the folder has, or one.</value>
    public int? Nodes { get; init; }

    /// <value>URLs of nodes that run already; empty: a cluster of our own. The directory lives in the first.</value>
    public required IReadOnlyList<string> Postgres { get; init; }

    /// <value>host:port of servers that run already; empty: one of our own.</value>
    public required IReadOnlyList<string> Memcached { get; init; }

    /// <value>Bootstrap servers of a broker that runs already; null: the embedded one.</value>
    public string? Kafka { get; init; }

    /// <value>OTLP endpoint; null: no traces are sent.</value>
    public string? Otlp { get; init; }

    public required bool Demo { get; init; }
}
