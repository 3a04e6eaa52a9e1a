namespace InstaGrpc.Services.Projector.Internal;

/// <summary>
/// What the rows say that a batch of records names, read from the source: captions, comments and names are not in the stream. There they
/// would be the largest part of it, come incomplete (an unchanged TOAST value is not sent) and be out of date where records come twice;
/// read by id they are always as new as the record or newer, and then a later record says so again.
/// </summary>
internal sealed class SourceTexts
{
    public static SourceTexts None { get; } = new();

    /// <summary>Of users that are there and not deleted.</summary>
    public Dictionary<long, string> Names { get; } = [];

    /// <summary>Of posts that are there and not deleted.</summary>
    public Dictionary<long, string> Captions { get; } = [];

    /// <summary>Users who are mentioned in a post (comment 0) or a comment.</summary>
    public Dictionary<(long Media, long Comment), IReadOnlyList<long>> Mentions { get; } = [];

    public IReadOnlyList<long> MentionsIn(long media, long comment) => Mentions.GetValueOrDefault((media, comment), []);
}
