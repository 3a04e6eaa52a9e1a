namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>
/// Judges a walk through the pages of a feed while others wrote. What stood in the feed when it was last compared, and of what nothing
/// has been touched since (the post, or what its author and the reader are to each other), must be there exactly once; nothing of
/// strangers, and nothing that was deleted then, may be; and ids descend, so nothing is there twice.
/// </summary>
/// <remarks>Posts made since may be there or not: a feed shows them when they have been fanned out.</remarks>
public static class WalkJudge
{
    /// <exception cref="FeedDiffersException">The walk has a gap, a repeat or something that does not belong there.</exception>
    public static void Judge(ExpectedFeeds settled, Meanwhile meanwhile, long reader, IReadOnlyList<SeenPost> seen)
    {
        List<string> faults = [];
        for (var i = 1; i < seen.Count; i++)
        {
            if (seen[i].Id >= seen[i - 1].Id)
            {
                faults.Add($"{seen[i]} comes after {seen[i - 1]}");
            }
        }

        var all = seen.ToHashSet();
        faults.AddRange(settled.Of(reader)
            .Where(post => !all.Contains(post) && !meanwhile.IsDeleted(post.Id) && !meanwhile.AreRelated(reader, post.Author))
            .Select(static post => $"{post} is missing"));
        faults.AddRange(seen
            .Where(post => settled.Deleted.Contains(post.Id))
            .Select(static post => $"{post} was deleted before"));
        faults.AddRange(seen
            .Where(post => !settled.Audiences[reader].Contains(post.Author) && !meanwhile.AreRelated(reader, post.Author))
            .Select(static post => $"{post} is by {post.Author}, whom he does not see"));
        if (faults.Count > 0)
        {
            throw new FeedDiffersException(
                $"the walk of {reader} while others wrote: {string.Join("; ", faults)}\nseen: {string.Join(' ', seen)}");
        }
    }
}
