namespace InstaGrpc.Postgres;

/// <summary>One node: a primary and its followers.</summary>
public sealed class PostgresNodeOptions
{
    /// <value>The primary, as URL or connection string. Required.</value>
    public string Primary { get; set; } = "";

    /// <value>Streaming replicas of the primary, as URLs or connection strings; may be empty.</value>
    public string[] Followers { get; set; } = [];

    /// <value>Where the node stands; default "local".</value>
    public string Region { get; set; } = "local";
}
