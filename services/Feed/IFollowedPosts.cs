using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Feed;

/// <summary>Posts as PostgreSQL has them now: read from the primaries, uncached.</summary>
internal interface IFollowedPosts
{
    /// <summary>What a timeline of this user is made of.</summary>
    ValueTask<TimelineContent> ToBuildAsync(long user, CancellationToken cancellation);

    /// <summary>The newest ids below <paramref name="before"/> of all these authors together, descending, at most
    /// <paramref name="most"/>.</summary>
    ValueTask<IReadOnlyList<long>> BeforeAsync(IEnumerable<long> authors, long before, int most, CancellationToken cancellation);
}
