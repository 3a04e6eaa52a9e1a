using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Timelines;

/// <summary>Settings of home feeds, for those who push and those who read alike: section <c>Insta:Feed</c>. Every process must be given the
/// same tiers, or one pushes what another pulls.</summary>
public sealed class FanoutOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Feed";

    /// <summary>Followers from which on a post is pushed to the active ones first.</summary>
    /// <value>10,000; at least 1.</value>
    public long ActiveFirstFrom { get; set; } = 10_000;

    /// <summary>Followers above which nothing is pushed any more and readers pull.</summary>
    /// <value>1,000,000; at least <see cref="ActiveFirstFrom"/>.</value>
    public long PullAbove { get; set; } = 1_000_000;

    /// <summary>Followers of one page of a fan-out, and timelines of one batch of appends.</summary>
    /// <value>1,000; 1 to 10,000.</value>
    public int BatchSize { get; set; } = 1_000;

    /// <summary>Batches of appends that a process has in flight to memcached at a time. Deletions after follows come on top: one batch for
    /// each node.</summary>
    /// <value>200; 1 to 10,000.</value>
    public int BatchesInFlight { get; set; } = 200;

    /// <summary>Timelines a second that one post may take while other authors' wait; all posts of one author share it.</summary>
    /// <value>20,000; above 0.</value>
    public double PostRate { get; set; } = 20_000;

    /// <summary>Timelines that one post, or all of one author together, may take at once before <see cref="PostRate"/> holds it.</summary>
    /// <value>10,000; at least <see cref="BatchSize"/>.</value>
    public int PostBurst { get; set; } = 10_000;

    /// <summary>Timelines a second that a projector is taken to append to: for the estimates of <see cref="FanoutPlan"/>, and nothing
    /// else.</summary>
    /// <value>100,000; above 0.</value>
    public double AppendsPerSecond { get; set; } = 100_000;

    /// <summary>How long a user counts as active after he read his feed.</summary>
    /// <value>24 h; above 0.</value>
    public TimeSpan ActiveWindow { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Posts that a timeline holds after it was made or made smaller.</summary>
    /// <value>800; 1 to 100,000.</value>
    public int TimelineCap { get; set; } = 800;

    /// <summary>Entries beyond <see cref="TimelineCap"/> at which a reader makes a timeline smaller: without some room every post would have
    /// each of its readers write a full timeline anew.</summary>
    /// <value>100; 0 or more.</value>
    public int TimelineSlack { get; set; } = 100;

    /// <summary>How long a timeline lives after it was built; reading does not prolong it, so whatever is in one is made anew in this
    /// time.</summary>
    /// <value>7 days; whole seconds, at least 1 s, at most 30 days (memcached takes more for a date).</value>
    public TimeSpan TimelineLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long one building of a timeline may take; then another reader may begin.</summary>
    /// <value>30 s; whole seconds, at least 1 s.</value>
    public TimeSpan BuildLifetime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What a post by somebody with so many followers does.</summary>
    public FanoutTier TierOf(long followers) => followers > PullAbove ? FanoutTier.Pull
        : followers >= ActiveFirstFrom ? FanoutTier.ActiveFirst
        : FanoutTier.Push;
}
