using InstaGrpc.Robustness.Feeds.Traffic;

namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>Home feeds by brute force, from the tables that are the truth and no others: posts that are not deleted, by the reader or
/// somebody whom he follows, where neither of the two has blocked the other. And who likes which post.</summary>
public static class FeedOracle
{
    public static async Task<ExpectedFeeds> ReadAsync(FeedSystem system, IReadOnlyCollection<long> users, CancellationToken cancellation)
    {
        var list = $"'{{{string.Join(',', users)}}}'::bigint[]";
        HashSet<(long, long)> follows = [], blocks = [];
        List<SeenPost> posts = [];
        Dictionary<long, HashSet<long>> likers = [];
        HashSet<long> deleted = [];
        foreach (var node in system.Nodes.Pool.DataNodes)
        {
            follows.UnionWith(await system.QueryAsync(
                node, $"SELECT follower_id, followee_id FROM follows WHERE follower_id = ANY ({list})",
                static row => (row.GetInt64(0), row.GetInt64(1)), cancellation));
            blocks.UnionWith(await system.QueryAsync(
                node, $"SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id = ANY ({list})",
                static row => (row.GetInt64(0), row.GetInt64(1)), cancellation));
            foreach (var (post, isDeleted) in await system.QueryAsync(
                node, $"SELECT id, owner_id, deleted FROM media WHERE owner_id = ANY ({list})",
                static row => (new SeenPost(row.GetInt64(0), row.GetInt64(1)), row.GetBoolean(2)), cancellation))
            {
                if (isDeleted)
                {
                    deleted.Add(post.Id);
                }
                else
                {
                    posts.Add(post);
                    likers.Add(post.Id, []);
                }
            }

            foreach (var (post, user) in await system.QueryAsync(
                node, $"SELECT media_id, user_id FROM likes WHERE user_id = ANY ({list})",
                static row => (row.GetInt64(0), row.GetInt64(1)), cancellation))
            {
                // A like stands beside its post; what is left of a deleted one is nobody's.
                likers.GetValueOrDefault(post)?.Add(user);
            }
        }

        var audiences = users.ToDictionary(
            static reader => reader,
            reader => users.Where(author => author == reader || follows.Contains((reader, author)))
                .Where(author => !blocks.Contains((reader, author)) && !blocks.Contains((author, reader)))
                .ToHashSet());
        return new ExpectedFeeds(
            users.ToDictionary(
                static reader => reader,
                reader => (IReadOnlyList<SeenPost>)[
                    .. posts.Where(post => audiences[reader].Contains(post.Author)).OrderByDescending(static post => post.Id)]),
            audiences,
            deleted,
            likers);
    }
}
