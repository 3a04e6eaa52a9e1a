namespace InstaGrpc.Services.Feed;

/// <summary>Settings of the role <c>feed</c>, from <c>Insta:Feed</c>.</summary>
public sealed class FeedOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Feed";

    /// <summary>The key of <see cref="Region"/>, which is the whole process's and not this section's.</summary>
    public const string RegionKey = "Insta:Region";

    /// <summary>Users that one user may follow. 7,500 by default.</summary>
    public int MostFollowees { get; set; } = 7500;

    /// <summary>Characters of a display name. 60 by default.</summary>
    public int LongestDisplayName { get; set; } = 60;

    /// <summary>After this time a claimed name without a user can be claimed again. 1 min by default.</summary>
    public TimeSpan ClaimLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a reader waits for another reader's building of the same timeline before he pulls his page. 200 ms by
    /// default.</summary>
    public TimeSpan BuildWait { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often it is written down who has read his feed. 5 s by default.</summary>
    public TimeSpan ActivityInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Users whose activity waits to be written down; of more nothing is known. 100,000 by default.</summary>
    public int ActivityWaiting { get; set; } = 100_000;

    /// <summary>How often it is looked for what deleted users left, beside at once when one is deleted here. 1 min by default.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long it is looked for what a deleted user left: a write that was under way when he was deleted ends within it. 1 h by
    /// default.</summary>
    public TimeSpan TombstoneLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Streams of notifications that a process keeps open; one more is refused. 10,000 by default.</summary>
    public int MostWatchers { get; set; } = 10_000;

    /// <summary>How often streams look for notifications although nobody said that there are some. 2 s by default.</summary>
    public TimeSpan NotificationPoll { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Where a new user lives when the request names no region: the process's own, <c>Insta:Region</c>; "local" by default.</summary>
    public string Region { get; set; } = "local";
}
