namespace InstaGrpc.Postgres;

/// <summary>The section <c>Insta:Postgres</c>. Servers are given as <c>postgres://</c> URLs or as Npgsql connection strings.</summary>
public sealed class PostgresOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Postgres";

    /// <value>The directory database. Required.</value>
    public string Directory { get; set; } = "";

    /// <value>Region of the directory's primary; default "local".</value>
    public string DirectoryRegion { get; set; } = "local";

    /// <value>The nodes by name (1 to 32 characters of [a-z0-9-], not "directory"). At least one.</value>
    public Dictionary<string, PostgresNodeOptions> Nodes { get; set; } = [];

    /// <value>Connections that a process opens to one server at most, unless its connection string says otherwise; 2 to 1,000, default 40.</value>
    public int MaxPoolSize { get; set; } = 40;

    /// <value>How long opening a connection may take, waiting for a free one in the pool included, unless the connection string says
    /// otherwise; default 5 s.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How often the offset of a node's clock is measured; default 1 min.</value>
    public TimeSpan ClockInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>A clock measurement with a longer round trip is thrown away; default 250 ms.</value>
    public TimeSpan ClockMaxRoundTrip { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <value>How often the shard map is read without having been told of a change; default 1 min.</value>
    public TimeSpan ShardMapInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>How long the first answer of a <c>request_id</c> is kept; default 24 h.</value>
    public TimeSpan RequestRetention { get; set; } = TimeSpan.FromHours(24);
}
