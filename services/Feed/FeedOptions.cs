namespace InstaGrpc.Services.Feed;

/// <summary>Settings of the role <c>feed</c>, from <c>Insta:Feed</c>.</summary>
public sealed class FeedOptions
{
    /// <summary>Users that one user may follow. 7,500 by default.</summary>
    public int MostFollowees { get; set; } = 7500;

    /// <summary>Characters of a display name. 60 by default.</summary>
    public int LongestDisplayName { get; set; } = 60;

    /// <summary>After this time a claimed name without a user can be claimed again. 1 min by default.</summary>
    public TimeSpan ClaimLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Where a new user lives when the request names no region: the process's own, <c>Insta:Region</c>; "local" by default.</summary>
    public string Region { get; set; } = "local";
}
