namespace InstaGrpc.Services.Feed;

/// <summary>Every query of notifications, on their user's shard, and of the plans of fan-outs, on the author's. A test explains each and
/// fails on a sequential scan.</summary>
internal static class NotificationSql
{
    // $1 user, $2 before which id, $3 how many. What users did who are hidden from him now is left out.
    public const string List = """
        SELECT n.id, n.kind, n.actor_id, n.media_id, n.comment_id, n.created_at,
               n.id <= coalesce((SELECT h.read_up_to FROM notification_heads h WHERE h.user_id = $1), 0)
        FROM notifications n
        WHERE n.user_id = $1 AND n.id < $2
        AND NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = $1 AND b.blocked_id = n.actor_id)
        AND NOT EXISTS (SELECT FROM blocked_by b WHERE b.blocked_id = $1 AND b.blocker_id = n.actor_id)
        ORDER BY n.id DESC LIMIT $3
        """;

    // $1 user, $2 after which id, $3 how many. Hidden ones too: where to go on must not depend on who is hidden.
    public const string After = """
        SELECT n.id, n.kind, n.actor_id, n.media_id, n.comment_id, n.created_at,
               n.id <= coalesce((SELECT h.read_up_to FROM notification_heads h WHERE h.user_id = $1), 0),
               EXISTS (SELECT FROM blocks b WHERE b.blocker_id = $1 AND b.blocked_id = n.actor_id)
               OR EXISTS (SELECT FROM blocked_by b WHERE b.blocked_id = $1 AND b.blocker_id = n.actor_id)
        FROM notifications n WHERE n.user_id = $1 AND n.id > $2 ORDER BY n.id LIMIT $3
        """;

    // $1 users.
    public const string Heads = "SELECT user_id, ordinal FROM notification_heads WHERE user_id = ANY ($1::bigint[])";

    // $1 user, $2 up to which id; never further than the last that there is, and never back.
    public const string MarkRead = """
        UPDATE notification_heads h SET read_up_to = l.up_to
        FROM (SELECT least($2, (SELECT n.id FROM notifications n WHERE n.user_id = $1 ORDER BY n.id DESC LIMIT 1)) AS up_to) AS l
        WHERE h.user_id = $1 AND h.read_up_to < l.up_to
        """;

    // $1 author; his count and his notice in one snapshot, as when a post is planned.
    public const string AuthorToPlan = """
        SELECT coalesce(c.followers, 0), n.ended_at IS NOT NULL
        FROM users u
        LEFT JOIN user_counts c ON c.user_id = u.id
        LEFT JOIN fanout_jobs n ON n.author_id = u.id AND n.kind = 2 AND n.subject_id = u.id
        WHERE u.id = $1 AND u.deleted_at IS NULL
        """;

    // $1 post. tier 0 or null: not planned yet, or long ago.
    public const string PostToPlan = """
        SELECT m.owner_id, coalesce(j.tier, 0), coalesce(j.followers, 0)
        FROM media m LEFT JOIN fanout_jobs j ON j.author_id = m.owner_id AND j.kind = 1 AND j.subject_id = m.id
        WHERE m.id = $1 AND NOT m.deleted
        """;

    // $1 from which word, $2 words before this, $3 after which id (of that word), $4 how many.
    public const string SearchUsers = """
        SELECT t.term, u.id, u.name, u.display_name, u.created_at, u.avatar_media_id, u.avatar_index, u.avatar_blob
        FROM search_terms t JOIN users u ON u.id = t.subject_id AND u.deleted_at IS NULL
        WHERE t.kind = 1 AND t.term >= $1 AND t.term < $2 AND (t.term, -t.subject_id) > ($1, -$3::bigint) AND u.id <> ALL ($5::bigint[])
        ORDER BY t.term, t.subject_id DESC LIMIT $4
        """;
}
