namespace InstaGrpc.Services.Feed;

/// <summary>Every query by which a user goes. A test explains each and fails on a sequential scan.</summary>
internal static class DepartureSql
{
    // The user's shard.

    public const string LockUser = "SELECT name FROM users WHERE id = $1 FOR UPDATE";

    public const string Bury = """
        WITH gone AS (UPDATE users SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL RETURNING id, name)
        INSERT INTO deleted_users (id, name) SELECT id, name FROM gone
        """;

    public const string Departed = """
        SELECT id, name, deleted_at < now() - $2::interval FROM deleted_users WHERE id > $1 ORDER BY id LIMIT 100
        """;

    public const string AvatarOf = "SELECT avatar_blob FROM users WHERE id = $1 AND avatar_blob <> ''";

    public const string Forget = "DELETE FROM deleted_users WHERE id = $1";

    public const string BuryPosts = """
        WITH posts AS (
            UPDATE media SET deleted = true, deleted_at = now()
            WHERE id = ANY (ARRAY (SELECT id FROM media WHERE owner_id = $1 AND NOT deleted LIMIT 1000)) RETURNING id),
        counts AS (DELETE FROM media_counts USING posts WHERE media_id = posts.id)
        SELECT count(*) FROM posts
        """;

    public const string SweepFollows = """
        DELETE FROM follows WHERE follower_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM follows WHERE follower_id = $1 LIMIT 1000))
        """;

    public const string SweepBlocks = """
        DELETE FROM blocks WHERE blocker_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM blocks WHERE blocker_id = $1 LIMIT 1000))
        """;

    public const string SweepActivity = "DELETE FROM active_users WHERE user_id = $1";

    // How he signed in, and where he is signed in still.
    public const string SweepCredentials = "DELETE FROM credentials WHERE user_id = $1";

    public const string SweepSessions = "DELETE FROM refresh_tokens WHERE user_id = $1";

    public const string SweepCounts = "DELETE FROM user_counts WHERE user_id = $1";

    public const string Followers = """
        SELECT follower_id FROM followers WHERE followee_id = $1 AND follower_id > $2 ORDER BY follower_id LIMIT 1000
        """;

    public const string Blockers = """
        SELECT blocker_id FROM blocked_by WHERE blocked_id = $1 AND blocker_id > $2 ORDER BY blocker_id LIMIT 1000
        """;

    // The shards of those.

    public const string UnfollowBy = "DELETE FROM follows WHERE follower_id = ANY ($2::bigint[]) AND followee_id = $1";

    public const string UnblockBy = "DELETE FROM blocks WHERE blocker_id = ANY ($2::bigint[]) AND blocked_id = $1";

    // Every node.

    public const string SweepLikes =
        "DELETE FROM likes WHERE user_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM likes WHERE user_id = $1 LIMIT 1000))";

    public const string SweepComments =
        "DELETE FROM comments WHERE author_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM comments WHERE author_id = $1 LIMIT 1000))";

    // What others were told of; who was told may live on any node.
    public const string SweepNotifications = """
        DELETE FROM notifications WHERE actor_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM notifications WHERE actor_id = $1 LIMIT 1000))
        """;

    // Directory.

    public const string ReleaseName = "DELETE FROM names WHERE name = $1 AND user_id = $2";
}
