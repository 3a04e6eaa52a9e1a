namespace InstaGrpc.Services.Projector.Tests;

/// <summary>Writes that the services would make, by chance, on both nodes; the same for the same seed.</summary>
internal sealed class Traffic(TwoNodes nodes, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(long Owner, long Post)> _posts = [];
    private long _comments;

    public async Task RunAsync(int writes)
    {
        for (var write = 0; write < writes; write++)
        {
            await (_random.Next(11) switch
            {
                0 => PostAsync(),
                1 when _posts.Count > 3 => BuryAsync(),
                < 5 when _posts.Count > 0 => LikeAsync(),
                < 7 when _posts.Count > 0 => CommentAsync(),
                10 => BlockAsync(),
                _ => FollowAsync(),
            });
        }
    }

    private Task PostAsync()
    {
        var owner = AnyUser();
        var post = TwoNodes.PostOf(owner, _posts.Count + (1_000 * seed));
        _posts.Add((owner, post));
        return nodes.ExecuteAsync(owner, $"""
            BEGIN;
            INSERT INTO media (id, owner_id, caption) VALUES ({post}, {owner}, 'word{_posts.Count % 5} sun word{_random.Next(3)}');
            INSERT INTO media_counts (media_id) VALUES ({post});
            COMMIT
            """);
    }

    private Task BuryAsync()
    {
        var (owner, post) = AnyPost();
        return nodes.ExecuteAsync(owner, $"""
            BEGIN;
            UPDATE media SET deleted = true, deleted_at = now() WHERE id = {post};
            DELETE FROM media_counts WHERE media_id = {post};
            COMMIT
            """);
    }

    private Task LikeAsync()
    {
        var (owner, post) = AnyPost();
        var user = AnyUser();
        return _random.Next(3) == 0
            ? nodes.ExecuteAsync(owner, $"DELETE FROM likes WHERE media_id = {post} AND user_id = {user}")
            : nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) VALUES ({post}, {user}) ON CONFLICT DO NOTHING");
    }

    private Task CommentAsync()
    {
        var (owner, post) = AnyPost();
        return _random.Next(4) == 0
            ? nodes.ExecuteAsync(owner, $"DELETE FROM comments WHERE media_id = {post} AND id = {_comments}")
            : nodes.ExecuteAsync(
                owner, $"INSERT INTO comments (media_id, id, author_id, text) VALUES ({post}, {++_comments}, {AnyUser()}, 'x')");
    }

    private Task FollowAsync()
    {
        var follower = AnyUser();
        var followee = AnyUser();
        return _random.Next(3) == 0
            ? nodes.ExecuteAsync(follower, $"DELETE FROM follows WHERE follower_id = {follower} AND followee_id = {followee}")
            : nodes.ExecuteAsync(follower,
                $"INSERT INTO follows (follower_id, followee_id) VALUES ({follower}, {followee}) ON CONFLICT DO NOTHING");
    }

    private Task BlockAsync()
    {
        var blocker = AnyUser();
        var blocked = AnyUser();
        return _random.Next(3) == 0
            ? nodes.ExecuteAsync(blocker, $"DELETE FROM blocks WHERE blocker_id = {blocker} AND blocked_id = {blocked}")
            : nodes.ExecuteAsync(blocker,
                $"INSERT INTO blocks (blocker_id, blocked_id) VALUES ({blocker}, {blocked}) ON CONFLICT DO NOTHING");
    }

    private long AnyUser() => nodes.Users[_random.Next(nodes.Users.Length)];

    private (long Owner, long Post) AnyPost() => _posts[_random.Next(_posts.Count)];
}
