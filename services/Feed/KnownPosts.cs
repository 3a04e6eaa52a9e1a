namespace InstaGrpc.Services.Feed;

/// <summary>The part of a feed that needs no query: every post of it with an id above the floor is among these.</summary>
/// <param name="Ids">Below where the page begins and above the floor; descending, each once. Some may be of authors whom the reader no longer
/// follows, or deleted.</param>
/// <param name="Floor">From it downwards PostgreSQL must be asked; 0: never.</param>
internal sealed record KnownPosts(IReadOnlyList<long> Ids, long Floor)
{
    /// <summary>Nothing is known.</summary>
    public static KnownPosts None { get; } = new([], long.MaxValue);
}
