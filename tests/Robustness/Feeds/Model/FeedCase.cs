namespace InstaGrpc.Robustness.Feeds.Model;

/// <summary>A small graph and what happens in it.</summary>
/// <param name="Seed">It was drawn with.</param>
/// <param name="Users">The star and the others who post.</param>
/// <param name="Crowd">Followers of the star alone, who only read.</param>
/// <param name="Before">One after the other; then every feed is compared.</param>
/// <param name="One">Beside <paramref name="Two"/>, each one after the other; then every feed is compared again.</param>
/// <param name="Two">See <paramref name="One"/>.</param>
public sealed record FeedCase(
    ulong Seed, int Users, int Crowd, IReadOnlyList<Operation> Before, IReadOnlyList<Operation> One, IReadOnlyList<Operation> Two)
{
    public override string ToString() => $"""
        seed {Seed}, {Users} users, a crowd of {Crowd}
        before: {string.Join("; ", Before)}
        one:    {string.Join("; ", One)}
        two:    {string.Join("; ", Two)}
        """;
}
