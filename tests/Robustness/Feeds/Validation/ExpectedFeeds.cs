namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>Every feed of a case, as the rows say at one moment at which nobody wrote.</summary>
/// <param name="ByReader">Descending.</param>
/// <param name="Audiences">Reader -> authors whom he sees, himself among them.</param>
/// <param name="Deleted">Posts that are gone.</param>
/// <param name="Likers">Post that is not gone -> who likes it.</param>
public sealed record ExpectedFeeds(
    IReadOnlyDictionary<long, IReadOnlyList<SeenPost>> ByReader,
    IReadOnlyDictionary<long, HashSet<long>> Audiences,
    HashSet<long> Deleted,
    IReadOnlyDictionary<long, HashSet<long>> Likers)
{
    public static ExpectedFeeds None { get; } =
        new(new Dictionary<long, IReadOnlyList<SeenPost>>(), new Dictionary<long, HashSet<long>>(), [], new Dictionary<long, HashSet<long>>());

    public IReadOnlyList<SeenPost> Of(long reader) => ByReader[reader];
}
