using System.Collections.Concurrent;

namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>What was begun since the feeds were last compared, whether it has happened yet or not.</summary>
public sealed class Meanwhile
{
    private readonly ConcurrentDictionary<(long, long), bool> _related = new();
    private readonly ConcurrentDictionary<long, bool> _deleted = new();

    /// <summary>Somebody follows, unfollows, blocks or unblocks somebody.</summary>
    public void Related(long one, long other) => (_related[(one, other)], _related[(other, one)]) = (true, true);

    public void Deleted(long post) => _deleted[post] = true;

    public bool AreRelated(long one, long other) => _related.ContainsKey((one, other));

    public bool IsDeleted(long post) => _deleted.ContainsKey(post);

    public void Clear()
    {
        _related.Clear();
        _deleted.Clear();
    }
}
