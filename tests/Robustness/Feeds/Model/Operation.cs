namespace InstaGrpc.Robustness.Feeds.Model;

/// <summary>What somebody does. Users are numbers of the case: 0 is the star, whose crowd comes and goes; then the other users; then the
/// crowd.</summary>
public abstract record Operation
{
    private Operation()
    {
    }

    public sealed record Follow(int Who, int Whom) : Operation;

    public sealed record Unfollow(int Who, int Whom) : Operation;

    public sealed record Block(int Who, int Whom) : Operation;

    public sealed record Unblock(int Who, int Whom) : Operation;

    /// <param name="Who">The author.</param>
    /// <param name="Waits">Until it is fanned out: what comes next does not change how.</param>
    public sealed record Post(int Who, bool Waits = false) : Operation;

    /// <summary>Deletes one of the user's posts, by its number among them.</summary>
    public sealed record Delete(int Who, int Which) : Operation;

    /// <summary>Likes one of the author's posts, by its number among them, or takes it back.</summary>
    public sealed record Like(int Who, int Author, int Which, bool Likes) : Operation;

    /// <summary>So many of the crowd, from its first on, follow the star from now on, and the others don't.</summary>
    /// <param name="Size">0 to the whole crowd.</param>
    /// <param name="Waits">Until the star's count of followers is derived: what comes next is planned by it. Else it races with it.</param>
    public sealed record Crowd(int Size, bool Waits) : Operation;

    /// <summary>Walks the user's feed beside all that follows, in pages of this size.</summary>
    public sealed record Walk(int Who, int PageSize) : Operation;

    /// <summary>The user's timeline goes, as memcached may let it go.</summary>
    public sealed record Evict(int Who) : Operation;

    /// <summary>Everything goes from every memcached server.</summary>
    public sealed record Flush : Operation;

    /// <summary>kill -9, and another one is started.</summary>
    public sealed record KillProjector : Operation;

    /// <summary>kill -9 of one server, and it is started again, empty.</summary>
    public sealed record KillMemcached(int Which) : Operation;
}
