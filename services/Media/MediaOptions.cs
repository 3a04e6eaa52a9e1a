namespace InstaGrpc.Services.Media;

/// <summary>Settings of the role <c>media</c>, from <c>Insta:Media</c>.</summary>
public sealed class MediaOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Media";

    /// <summary>Characters of a caption. 2,200 by default.</summary>
    public int LongestCaption { get; set; } = 2200;

    /// <summary>Characters of a comment. 2,200 by default.</summary>
    public int LongestComment { get; set; } = 2200;

    /// <summary>Photos of a post. 10 by default.</summary>
    public int MostPhotos { get; set; } = 10;

    /// <summary>Ids of a user's newest posts that feeds are given at once; older ones are read from PostgreSQL. 200 by default.</summary>
    public int NewestListed { get; set; } = 200;

    /// <summary>Likes of one post that share an INSERT at most. 512 by default.</summary>
    public int LikesOfBatch { get; set; } = 512;

    /// <summary>How many times as long answers about viral posts are kept: entries in memcached, and copies in the process where the contract has
    /// some. 12 by default; 1: as any other.</summary>
    public int ViralTtlFactor { get; set; } = 12;

    /// <summary>How often the nodes are asked which posts are viral. 5 s by default.</summary>
    public TimeSpan ViralPoll { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often likes and comments of deleted posts, and answers to repeated requests that are past their time, are swept away.
    /// 1 min by default.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a deleted post's row stays after its likes and comments are gone. 1 h by default.</summary>
    public TimeSpan TombstoneLifetime { get; set; } = TimeSpan.FromHours(1);
}
