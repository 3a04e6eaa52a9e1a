namespace InstaGrpc.Timelines;

/// <summary>What a builder read from PostgreSQL after his build had begun.</summary>
/// <param name="Posts">Ids of posts of followed authors that are pushed.</param>
/// <param name="PulledAuthors">Followed authors who are pulled.</param>
/// <param name="Floor">Every pushed post of a followed author with an id above it is among the posts; 0: every one at all.</param>
public sealed record TimelineContent(IReadOnlyList<long> Posts, IReadOnlyList<long> PulledAuthors, long Floor);
