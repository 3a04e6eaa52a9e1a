namespace InstaGrpc.Services.Projector.Internal;

/// <summary>What the projector derives for home feeds, notifications and search. Statements that add a fan-out job begin one again that is
/// there under the same key, by giving it a new number: whoever works for the old one can't end it.</summary>
internal static class FeedProjectionSql
{
    // Edges: $1 followees, $2 followers, $3 most followers of an author who is pushed. An edge, its count, the drop of the follower's
    // timeline and the notice of an author who crosses the limit come together, and only where the edge really changed.
    public const string AddEdges = """
        WITH added AS (
            INSERT INTO followers (followee_id, follower_id)
            SELECT e.followee, e.follower FROM unnest($1::bigint[], $2::bigint[]) AS e (followee, follower) ORDER BY 1, 2
            ON CONFLICT DO NOTHING RETURNING followee_id, follower_id),
        dropping AS (
            INSERT INTO fanout_jobs (author_id, kind, subject_id) SELECT followee_id, 3, follower_id FROM added ORDER BY 1, 3
            ON CONFLICT (author_id, kind, subject_id) DO UPDATE SET number = excluded.number, made_at = now(), ended_at = NULL),
        more AS (
            SELECT followee_id, count(*) AS n FROM added
            WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = followee_id AND u.deleted_at IS NOT NULL) GROUP BY 1),
        counted AS (
            INSERT INTO user_counts (user_id, followers) SELECT followee_id, n FROM more ORDER BY 1
            ON CONFLICT (user_id) DO UPDATE SET followers = user_counts.followers + excluded.followers RETURNING user_id, followers)
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT c.user_id, 2, c.user_id FROM counted c JOIN more m ON m.followee_id = c.user_id
        WHERE c.followers > $3 AND c.followers - m.n <= $3 ORDER BY 1
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE
        SET number = excluded.number, after_follower = 0, batches = 0, made_at = now(), ended_at = NULL
        """;

    // Blocks: $1 blocked, $2 blockers. Both timelines are dropped, at the block and at its end.
    public const string AddBlocks = """
        WITH changed AS (
            INSERT INTO blocked_by (blocked_id, blocker_id)
            SELECT b.blocked, b.blocker FROM unnest($1::bigint[], $2::bigint[]) AS b (blocked, blocker) ORDER BY 1, 2
            ON CONFLICT DO NOTHING RETURNING blocked_id, blocker_id)
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT DISTINCT c.blocked_id, 3, t.id FROM changed c, LATERAL (VALUES (c.blocked_id), (c.blocker_id)) AS t (id) ORDER BY 1, 3
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE SET number = excluded.number, made_at = now(), ended_at = NULL
        """;

    public const string RemoveBlocks = """
        WITH changed AS (
            DELETE FROM blocked_by x USING unnest($1::bigint[], $2::bigint[]) AS b (blocked, blocker)
            WHERE x.blocked_id = b.blocked AND x.blocker_id = b.blocker RETURNING x.blocked_id, x.blocker_id)
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT DISTINCT c.blocked_id, 3, t.id FROM changed c, LATERAL (VALUES (c.blocked_id), (c.blocker_id)) AS t (id) ORDER BY 1, 3
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE SET number = excluded.number, made_at = now(), ended_at = NULL
        """;

    // Posts: $1 authors, $2 posts.
    public const string AddPosts = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT p.author, 1, p.post FROM unnest($1::bigint[], $2::bigint[]) AS p (author, post) ORDER BY 1, 3 ON CONFLICT DO NOTHING
        """;

    public const string RevivePosts = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT p.author, 1, p.post FROM unnest($1::bigint[], $2::bigint[]) AS p (author, post) ORDER BY 1, 3
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE
        SET number = excluded.number, tier = 0, pass = 0, after_follower = 0, batches = 0, made_at = now(), ended_at = NULL
        """;

    // Notifications: $1 kinds, $2 users (0: the post's owner), $3 actors, $4 posts, $5 comments, $6 times, $7 the ordinal of now. The rows
    // of notification_heads are held until the commit, so a user's ids are committed in their order.
    public const string AddNotifications = """
        WITH told AS (
            SELECT coalesce(m.owner_id, e.told) AS user_id, e.kind, e.actor, e.media, e.comment, min(e.at) AS at, min(e.n) AS n
            FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
                WITH ORDINALITY AS e (kind, told, actor, media, comment, at, n)
            LEFT JOIN media m ON e.told = 0 AND m.id = e.media AND NOT m.deleted
            WHERE e.told <> 0 OR m.id IS NOT NULL
            GROUP BY 1, 2, 3, 4, 5),
        fresh AS (
            SELECT t.*, row_number() OVER (PARTITION BY t.user_id ORDER BY t.n) AS place, count(*) OVER (PARTITION BY t.user_id) AS places
            FROM told t WHERE t.user_id <> t.actor AND NOT EXISTS (
                SELECT FROM notifications x
                WHERE x.user_id = t.user_id AND x.kind = t.kind AND x.actor_id = t.actor AND x.media_id = t.media AND x.comment_id = t.comment)),
        heads AS (
            INSERT INTO notification_heads AS h (user_id, ordinal)
            SELECT user_id, $7::bigint + max(places) FROM fresh GROUP BY 1 ORDER BY 1
            ON CONFLICT (user_id) DO UPDATE SET ordinal = greatest(h.ordinal, $7::bigint) + excluded.ordinal - $7::bigint
            RETURNING user_id, ordinal)
        INSERT INTO notifications (user_id, id, kind, actor_id, media_id, comment_id, created_at)
        SELECT f.user_id, ((o.o >> 10) << 23) | (((f.user_id >> 10) & 8191) << 10) | (o.o & 1023), f.kind, f.actor, f.media, f.comment, f.at
        FROM fresh f JOIN heads h ON h.user_id = f.user_id, LATERAL (SELECT h.ordinal - f.places + f.place AS o) AS o
        ON CONFLICT DO NOTHING
        """;

    // Search: $1 kinds, $2 ids of all whose words are made anew; $3 kinds, $4 ids, $5 words of those that have some.
    public const string SetTerms = """
        WITH wanted AS (SELECT * FROM unnest($3::smallint[], $4::bigint[], $5::text[]) AS w (kind, id, term)),
        gone AS (
            DELETE FROM search_terms t USING unnest($1::smallint[], $2::bigint[]) AS s (kind, id)
            WHERE t.kind = s.kind AND t.subject_id = s.id
            AND NOT EXISTS (SELECT FROM wanted w WHERE w.kind = t.kind AND w.id = t.subject_id AND w.term = t.term COLLATE "C"))
        INSERT INTO search_terms (subject_id, kind, term) SELECT id, kind, term FROM wanted ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
        """;

    // Of the source: $1 ids.
    public const string Names = "SELECT id, name FROM users WHERE id = ANY ($1::bigint[]) AND deleted_at IS NULL";

    public const string Captions = "SELECT id, caption, created_at FROM media WHERE id = ANY ($1::bigint[]) AND NOT deleted";

    // $1 posts, $2 comments.
    public const string Comments = """
        SELECT media_id, id, text, created_at FROM comments WHERE media_id = ANY ($1::bigint[]) AND id = ANY ($2::bigint[])
        """;

    // Of the directory.
    public const string ResolveNames = "SELECT name, user_id FROM names WHERE name = ANY ($1::text[]) AND confirmed";

    // Rebuilding: $1 first shard, $2 last shard, $3 since when. Likes and comments name the owner by 0, as the stream does.
    public const string LikesUntold = """
        SELECT 1::smallint, 0::bigint, l.user_id, l.media_id, 0::bigint, l.created_at
        FROM likes l JOIN media m ON m.id = l.media_id AND NOT m.deleted AND m.owner_id <> l.user_id
        WHERE ((l.media_id >> 10) & 8191) BETWEEN $1 AND $2 AND l.created_at >= $3 AND NOT EXISTS (
            SELECT FROM notifications n
            WHERE n.user_id = m.owner_id AND n.kind = 1 AND n.actor_id = l.user_id AND n.media_id = l.media_id AND n.comment_id = 0)
        """;

    public const string CommentsUntold = """
        SELECT 2::smallint, 0::bigint, c.author_id, c.media_id, c.id, c.created_at
        FROM comments c JOIN media m ON m.id = c.media_id AND NOT m.deleted AND m.owner_id <> c.author_id
        WHERE ((c.media_id >> 10) & 8191) BETWEEN $1 AND $2 AND c.created_at >= $3 AND NOT EXISTS (
            SELECT FROM notifications n
            WHERE n.user_id = m.owner_id AND n.kind = 2 AND n.actor_id = c.author_id AND n.media_id = c.media_id AND n.comment_id = c.id)
        """;

    public const string FollowsSince = """
        SELECT 3::smallint, followee_id, follower_id, 0::bigint, 0::bigint, created_at
        FROM follows WHERE ((follower_id >> 10) & 8191) BETWEEN $1 AND $2 AND created_at >= $3
        """;

    public const string TextsSince = """
        SELECT owner_id, id, 0::bigint, caption, created_at FROM media
        WHERE ((id >> 10) & 8191) BETWEEN $1 AND $2 AND created_at >= $3 AND NOT deleted AND caption LIKE '%@%'
        UNION ALL
        SELECT c.author_id, c.media_id, c.id, c.text, c.created_at FROM comments c JOIN media m ON m.id = c.media_id AND NOT m.deleted
        WHERE ((c.media_id >> 10) & 8191) BETWEEN $1 AND $2 AND c.created_at >= $3 AND c.text LIKE '%@%'
        """;

    // $1 first shard, $2 last shard, $3 ids of posts from then on.
    public const string AddMissingJobs = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT m.owner_id, 1, m.id FROM media m
        WHERE ((m.id >> 10) & 8191) BETWEEN $1 AND $2 AND m.id >= $3 AND NOT m.deleted AND NOT EXISTS (
            SELECT FROM fanout_jobs j WHERE j.author_id = m.owner_id AND j.kind = 1 AND j.subject_id = m.id)
        ORDER BY m.id ON CONFLICT DO NOTHING
        """;

    // Of the node that went back: all of its people, because who was active since is forgotten too. $1 first shard, $2 last shard.
    public const string DropAll = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT id, 3, id FROM users WHERE ((id >> 10) & 8191) BETWEEN $1 AND $2 AND deleted_at IS NULL ORDER BY 1
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE SET number = excluded.number, made_at = now(), ended_at = NULL
        """;

    // Of the others: those who may have a timeline. $1 first shard, $2 last shard, $3 since when.
    public const string DropActive = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id)
        SELECT user_id, 3, user_id FROM active_users
        WHERE ((user_id >> 10) & 8191) BETWEEN $1 AND $2 AND active_at >= $3 ORDER BY 1
        ON CONFLICT (author_id, kind, subject_id) DO UPDATE SET number = excluded.number, made_at = now(), ended_at = NULL
        """;

    // $1 first shard, $2 last shard: whatever has words or should have some.
    public const string Searchable = """
        SELECT 1::smallint, id FROM users WHERE ((id >> 10) & 8191) BETWEEN $1 AND $2 AND deleted_at IS NULL
        UNION SELECT 2::smallint, id FROM media WHERE ((id >> 10) & 8191) BETWEEN $1 AND $2 AND NOT deleted AND caption <> ''
        UNION SELECT kind, subject_id FROM search_terms WHERE ((subject_id >> 10) & 8191) BETWEEN $1 AND $2
        """;
}
