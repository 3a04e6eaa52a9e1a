namespace InstaGrpc.Services.Projector;

/// <summary>The section <c>Insta:Projector</c>.</summary>
public sealed class ProjectorOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Projector";

    /// <value>The nodes whose streams this process offers to fold; empty (default): all that are configured.</value>
    public string[] Nodes { get; set; } = [];

    /// <value>How long a position may be ahead of the one that is stored while nothing is derived from the stream; default 5 s. Storing is
    /// a write, which is a change, which comes back as a record: an idle mesh would keep itself busy.</value>
    public TimeSpan IdleStoreInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>Shards that a rebuild counts in one transaction; 1 to 8192, default 1024.</value>
    public int RebuildShards { get; set; } = 1024;

    /// <value>Edges that a rebuild repairs in one transaction; default 1,000.</value>
    public int RebuildEdges { get; set; } = 1_000;
}
