using InstaGrpc.Contracts.GraphV1;

namespace InstaGrpc.Services.Feed;

/// <summary>Whose posts a reader sees in his home feed: his own and those of users whom he follows, without any that either has hidden from the
/// other.</summary>
internal sealed class Audience
{
    private readonly HashSet<long> _authors;

    public Audience(long reader, Relations relations)
    {
        Reader = reader;
        _authors = [.. relations.FolloweeIds, reader];
        _authors.ExceptWith(relations.HiddenIds);
    }

    public long Reader { get; }

    public IReadOnlyCollection<long> Authors => _authors;

    public bool Sees(long author) => _authors.Contains(author);
}
