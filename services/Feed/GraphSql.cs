namespace InstaGrpc.Services.Feed;

/// <summary>Every query of the graph. A test explains each and fails on a sequential scan.</summary>
internal static class GraphSql
{
    // Directory.

    public const string Claim = "INSERT INTO names (name, user_id, request_id) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";

    public const string ClaimOf = """
        SELECT user_id, request_id = $2 AND (NOT confirmed OR claimed_at > now() - $3::interval),
               NOT confirmed AND claimed_at < now() - $4::interval
        FROM names WHERE name = $1 FOR UPDATE
        """;

    public const string TakeClaim = """
        UPDATE names SET user_id = $2, request_id = $3, claimed_at = now() WHERE name = $1 AND user_id = $4 AND NOT confirmed
        """;

    public const string Confirm = "UPDATE names SET confirmed = true WHERE name = $1 AND user_id = $2 AND NOT confirmed";

    public const string Resolve = "SELECT user_id FROM names WHERE name = $1 AND confirmed";

    // The user's shard.

    public const string InsertUser = """
        WITH made AS (INSERT INTO users (id, name, display_name) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING RETURNING id)
        INSERT INTO user_counts (user_id) SELECT id FROM made
        """;

    public const string InsertTombstone =
        "INSERT INTO users (id, name, deleted_at) VALUES ($1, $2, now()) ON CONFLICT (id) DO NOTHING";

    public const string Get = """
        SELECT id, name, display_name, created_at, avatar_media_id, avatar_index, avatar_blob FROM users WHERE id = $1 AND deleted_at IS NULL
        """;

    public const string Avatar = "SELECT deleted_at IS NOT NULL, avatar_blob FROM users WHERE id = $1";

    public const string SetAvatar = """
        WITH former AS (SELECT id, avatar_blob FROM users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE)
        UPDATE users u SET avatar_media_id = nullif($2, 0), avatar_index = $3, avatar_blob = $4 FROM former WHERE u.id = former.id
        RETURNING former.avatar_blob
        """;

    public const string GetMany = """
        SELECT id, name, display_name, created_at, avatar_media_id, avatar_index, avatar_blob
        FROM users WHERE id = ANY ($1::bigint[]) AND deleted_at IS NULL
        """;

    public const string Exists = "SELECT EXISTS (SELECT FROM users WHERE id = $1 AND deleted_at IS NULL)";

    // Of living users: what is still derived from a deleted one's rows is nobody's.
    public const string Counts = """
        SELECT c.user_id, c.media, c.followers, c.following FROM user_counts c
        WHERE c.user_id = ANY ($1::bigint[]) AND EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND u.deleted_at IS NULL)
        """;

    // The follower's shard.

    // Follows of one user come one after the other, so that two can't both be the last that is allowed.
    public const string LockUser = "SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE";

    public const string FollowState = """
        SELECT EXISTS (SELECT FROM follows WHERE follower_id = $1 AND followee_id = $2),
               (SELECT count(*) FROM (SELECT FROM follows WHERE follower_id = $1 LIMIT $3) AS f)
        """;

    public const string Follow = "INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)";

    public const string Unfollow = "DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2";

    public const string Block = "INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    public const string Unblock = "DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2";

    // $1 may follow $2, as far as the shard of either knows: asked on both.
    public const string MayFollow = """
        SELECT NOT EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) = ($1, $2))
               AND NOT EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) = ($2, $1))
        """;

    public const string ListFollowing = """
        SELECT followee_id FROM follows WHERE follower_id = $1 AND followee_id < $2 ORDER BY followee_id DESC LIMIT $3
        """;

    // The followee's shard.

    public const string ListFollowers = """
        SELECT follower_id FROM followers WHERE followee_id = $1 AND follower_id < $2 ORDER BY follower_id DESC LIMIT $3
        """;
}
