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

    /// <value>How long a fan-out job is kept after its end, so that a rebuild knows that it was done, and how old a post may be for which a
    /// rebuild makes one; default 7 days.</value>
    public TimeSpan JobRetention { get; set; } = TimeSpan.FromDays(7);

    /// <value>How old an event may be of which a rebuild still tells; default 30 days.</value>
    public TimeSpan RebuildNotifications { get; set; } = TimeSpan.FromDays(30);

    /// <value>How long notifications are kept; default 90 days, more than <see cref="RebuildNotifications"/>.</value>
    public TimeSpan NotificationRetention { get; set; } = TimeSpan.FromDays(90);

    /// <value>How often ended jobs and old notifications are swept away; default 1 min.</value>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>Likes a minute above which a post is viral: answers about it are kept longer (<c>Insta:Media:ViralTtlFactor</c>); default
    /// 10,000.</value>
    public long ViralLikes { get; set; } = 10_000;

    /// <value>How long a viral post's likes must have been below half of <see cref="ViralLikes"/> until it is calm again; default 10 min.</value>
    public TimeSpan ViralCalmAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <value>How often waiting jobs are looked for although nobody said that there are some; default 1 s.</value>
    public TimeSpan FanoutPoll { get; set; } = TimeSpan.FromSeconds(1);
}
