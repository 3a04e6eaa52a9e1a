namespace InstaGrpc.Services.Projector.Internal;

/// <summary>What a batch changes on one node.</summary>
internal sealed class Deltas
{
    /// <summary>A zero delta is a new post's row.</summary>
    public SortedDictionary<long, (long Likes, long Comments)> Media { get; } = [];

    /// <summary>Posts that are deleted: their counts go.</summary>
    public SortedSet<long> Buried { get; } = [];

    /// <summary>Without followers: those are counted where their edges change. A zero delta is a new user's row.</summary>
    public SortedDictionary<long, (long Media, long Following)> Users { get; } = [];

    /// <summary>The last word on each edge: there (true) or not.</summary>
    public SortedDictionary<(long Followee, long Follower), bool> Edges { get; } = [];

    /// <summary>The last word on each block, as for edges.</summary>
    public SortedDictionary<(long Blocked, long Blocker), bool> Blocks { get; } = [];

    /// <summary>Posts to fan out. True: one that was deleted is alive again, so its job begins again if there is one.</summary>
    public SortedDictionary<(long Author, long Post), bool> Posts { get; } = [];

    /// <summary>In the stream's order.</summary>
    public List<NotifiedEvent> Events { get; } = [];

    /// <summary>Users and posts whose words are to be what their rows say.</summary>
    public SortedSet<(SearchKind Kind, long Id)> Searched { get; } = [];

    public bool IsEmpty =>
        Media.Count + Buried.Count + Users.Count + Edges.Count + Blocks.Count + Posts.Count + Events.Count + Searched.Count == 0;

    public void AddMedia(long id, long likes, long comments)
    {
        var (oldLikes, oldComments) = Media.GetValueOrDefault(id);
        Media[id] = (oldLikes + likes, oldComments + comments);
    }

    public void AddUser(long id, long media, long following)
    {
        var (oldMedia, oldFollowing) = Users.GetValueOrDefault(id);
        Users[id] = (oldMedia + media, oldFollowing + following);
    }

    public void AddPost(long author, long post, bool revived) =>
        Posts[(author, post)] = revived || Posts.GetValueOrDefault((author, post));
}
