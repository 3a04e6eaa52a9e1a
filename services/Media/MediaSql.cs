namespace InstaGrpc.Services.Media;

/// <summary>Every query of the service. A test explains each and fails on a sequential scan.</summary>
internal static class MediaSql
{
    public const string Get = "SELECT id, owner_id, caption, photos, created_at FROM media WHERE id = $1 AND NOT deleted";

    public const string Photos = "SELECT deleted, photos FROM media WHERE id = $1";

    public const string GetMany = "SELECT id, owner_id, caption, photos, created_at FROM media WHERE id = ANY ($1::bigint[]) AND NOT deleted";

    public const string ListByOwner = """
        SELECT id, owner_id, caption, photos, created_at FROM media
        WHERE owner_id = $1 AND NOT deleted AND id < $2 ORDER BY id DESC LIMIT $3
        """;

    public const string Newest = """
        SELECT a.id, ARRAY (SELECT m.id FROM media m WHERE m.owner_id = a.id AND NOT m.deleted ORDER BY m.id DESC LIMIT $2)
        FROM unnest($1::bigint[]) AS a (id)
        """;

    // The owner lives on the same shard: no post without a user.
    public const string Insert = """
        WITH post AS (
            INSERT INTO media (id, owner_id, caption, photos)
            SELECT $1, id, $3::text, $4::jsonb FROM users WHERE id = $2 AND deleted_at IS NULL
            RETURNING id, created_at),
        counts AS (INSERT INTO media_counts (media_id) SELECT id FROM post)
        SELECT created_at FROM post
        """;

    public const string LockOwner = "SELECT owner_id, deleted, photos FROM media WHERE id = $1 FOR NO KEY UPDATE";

    public const string Bury = """
        WITH post AS (UPDATE media SET deleted = true, deleted_at = now() WHERE id = $1 RETURNING id)
        DELETE FROM media_counts USING post WHERE media_id = post.id
        """;

    // $2 likers in ascending order, maybe one twice; and they are inserted in it: who is hidden is an array, so that no join puts them in another.
    // Both kinds of blocks stand on the owner's shard, which is the post's.
    public const string Like = """
        WITH post AS (SELECT id, owner_id FROM media WHERE id = $1 AND NOT deleted),
        hidden AS (
            SELECT b.blocked_id AS id FROM post JOIN blocks b ON b.blocker_id = post.owner_id AND b.blocked_id = ANY ($2::bigint[])
            UNION ALL
            SELECT b.blocker_id FROM post JOIN blocked_by b ON b.blocked_id = post.owner_id AND b.blocker_id = ANY ($2::bigint[])),
        liked AS (
            INSERT INTO likes (media_id, user_id) SELECT post.id, u.id FROM post, unnest($2::bigint[]) AS u (id)
            WHERE u.id <> ALL (ARRAY (SELECT id FROM hidden)) ON CONFLICT DO NOTHING)
        SELECT EXISTS (SELECT FROM post), ARRAY (SELECT id FROM hidden)
        """;

    public const string Unlike = """
        WITH gone AS (DELETE FROM likes WHERE media_id = $1 AND user_id = $2)
        SELECT EXISTS (SELECT FROM media WHERE id = $1 AND NOT deleted)
        """;

    public const string HasLiked = "SELECT media_id FROM likes WHERE media_id = ANY ($1::bigint[]) AND user_id = $2";

    public const string Counts = "SELECT media_id, likes, comments FROM media_counts WHERE media_id = ANY ($1::bigint[])";

    // No row: no post. Null: the post's owner and the author are hidden from each other, and nothing is inserted.
    public const string InsertComment = """
        WITH post AS (
            SELECT m.id, EXISTS (SELECT FROM blocks b WHERE b.blocker_id = m.owner_id AND b.blocked_id = $3)
                OR EXISTS (SELECT FROM blocked_by b WHERE b.blocked_id = m.owner_id AND b.blocker_id = $3) AS hidden
            FROM media m WHERE m.id = $1 AND NOT m.deleted),
        made AS (
            INSERT INTO comments (media_id, id, author_id, text)
            SELECT id, $2::bigint, $3::bigint, $4::text FROM post WHERE NOT hidden
            RETURNING created_at)
        SELECT (SELECT created_at FROM made) FROM post
        """;

    // One row of nulls for a post without comments, none for no post. In no promised order: an ORDER BY out here would sort what the index
    // has in order.
    public const string ListComments = """
        SELECT c.id, c.author_id, c.text, c.created_at FROM media m LEFT JOIN LATERAL (
            SELECT id, author_id, text, created_at FROM comments WHERE media_id = m.id AND id < $2 ORDER BY id DESC LIMIT $3) c ON true
        WHERE m.id = $1 AND NOT m.deleted
        """;

    // author_id is null when the comment is not there (any more).
    public const string CommentRights = """
        SELECT m.owner_id, c.author_id FROM media m LEFT JOIN comments c ON c.media_id = m.id AND c.id = $2
        WHERE m.id = $1 AND NOT m.deleted
        """;

    public const string DeleteComment = "DELETE FROM comments WHERE media_id = $1 AND id = $2";

    // $1 from which word, $2 words before this, $3 after which id (of that word), $4 how many, $5 hidden owners, $6 the prefix. A post with several
    // words of the prefix is found by the first of them alone.
    public const string Search = """
        SELECT m.id, m.owner_id, m.caption, m.photos, m.created_at, t.term
        FROM search_terms t
        JOIN media m ON m.id = t.subject_id AND NOT m.deleted AND m.owner_id <> ALL ($5::bigint[])
        JOIN users u ON u.id = m.owner_id AND u.deleted_at IS NULL
        WHERE t.kind = 2 AND t.term >= $1 AND t.term < $2 AND (t.term, -t.subject_id) > ($1, -$3::bigint)
        AND NOT EXISTS (SELECT FROM search_terms s WHERE s.subject_id = t.subject_id AND s.kind = 2 AND s.term >= $6 AND s.term < t.term)
        ORDER BY t.term, t.subject_id DESC LIMIT $4
        """;

    // Of the one who searches: whom he has blocked, and who has blocked him.
    public const string Hidden = """
        SELECT blocked_id FROM blocks WHERE blocker_id = $1 UNION ALL SELECT blocker_id FROM blocked_by WHERE blocked_id = $1
        """;

    // The node's, as the projector has written them: a handful.
    public const string ViralPosts = "SELECT ARRAY (SELECT media_id FROM viral_media ORDER BY media_id LIMIT 10000)";

    // Sweeping: 1,000 rows at a time, so that no transaction holds much for long.

    // Their photos too, and whether their time is over.
    public const string DeletedPosts = """
        SELECT id, deleted_at, photos, deleted_at < now() - $3::interval, deleted_at > now() - $4::interval FROM media
        WHERE deleted AND (deleted_at, id) > ($1::timestamptz, $2::bigint) ORDER BY deleted_at, id LIMIT 100
        """;

    public const string SweepLikes =
        "DELETE FROM likes WHERE media_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM likes WHERE media_id = $1 LIMIT 1000))";

    public const string SweepComments =
        "DELETE FROM comments WHERE media_id = $1 AND ctid = ANY (ARRAY (SELECT ctid FROM comments WHERE media_id = $1 LIMIT 1000))";

    public const string SweepPost = "DELETE FROM media WHERE id = $1 AND deleted AND deleted_at < now() - $2::interval";
}
