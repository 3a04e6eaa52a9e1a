namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Every statement of the projector. Rows are written in the order of their ids, so that two sources' writers rarely
/// cross.</summary>
internal static class ProjectionSql
{
    // Positions: $1 consumer, $2 source.

    public const string ReadPosition = """
        SELECT timeline, lsn::text, record_index, "offset", system FROM stream_positions WHERE consumer = $1 AND source_node = $2
        """;

    public const string InsertPosition = """
        INSERT INTO stream_positions (consumer, source_node, timeline, lsn, record_index, "offset", system)
        VALUES ($1, $2, $3, $4::pg_lsn, $5, $6, $7) ON CONFLICT DO NOTHING
        """;

    // Only from the value that this worker knows: one that was overtaken changes no row, and rolls back.
    public const string MovePosition = """
        UPDATE stream_positions
        SET timeline = $3, lsn = $4::pg_lsn, record_index = $5, "offset" = $6, system = $7, updated_at = now()
        WHERE consumer = $1 AND source_node = $2 AND timeline = $8 AND lsn = $9::pg_lsn AND record_index = $10 AND system = $11
        """;

    public const string ForgetPosition = "DELETE FROM stream_positions WHERE consumer = $1 AND source_node = $2";

    public const string ReadSnapshots = """
        SELECT shard, snapshot::text FROM derived_snapshots WHERE consumer = $1 AND source_node = $2 AND shard = ANY ($3::int[])
        """;

    // Folding.

    public const string AddMediaCounts = """
        INSERT INTO media_counts (media_id, likes, comments)
        SELECT d.id, d.likes, d.comments FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (id, likes, comments)
        WHERE EXISTS (SELECT FROM media m WHERE m.id = d.id AND NOT m.deleted) ORDER BY d.id
        ON CONFLICT (media_id) DO UPDATE
        SET likes = media_counts.likes + excluded.likes, comments = media_counts.comments + excluded.comments
        WHERE excluded.likes <> 0 OR excluded.comments <> 0
        """;

    public const string BuryMediaCounts = """
        DELETE FROM media_counts c WHERE c.media_id = ANY ($1::bigint[])
        AND NOT EXISTS (SELECT FROM media m WHERE m.id = c.media_id AND NOT m.deleted)
        """;

    // Not of a deleted user: his row is swept, and the end of his own follows would bring it back.
    public const string AddUserCounts = """
        INSERT INTO user_counts (user_id, media, following)
        SELECT d.id, d.media, d.following FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (id, media, following)
        WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = d.id AND u.deleted_at IS NOT NULL) ORDER BY d.id
        ON CONFLICT (user_id) DO UPDATE
        SET media = user_counts.media + excluded.media, following = user_counts.following + excluded.following
        WHERE excluded.media <> 0 OR excluded.following <> 0
        """;

    // An edge and its count change together, and only where the edge really changed: so the count is always that of the edges.
    // FeedProjectionSql.AddEdges is the other half.
    public const string RemoveEdges = """
        WITH removed AS (
            DELETE FROM followers f USING unnest($1::bigint[], $2::bigint[]) AS e (followee, follower)
            WHERE f.followee_id = e.followee AND f.follower_id = e.follower RETURNING f.followee_id),
        counted AS (SELECT followee_id, count(*) AS n FROM removed GROUP BY 1 ORDER BY 1)
        UPDATE user_counts c SET followers = c.followers - counted.n FROM counted WHERE c.user_id = counted.followee_id
        """;

    // Rebuilding: $1 first shard, $2 last shard, $3 consumer, $4 source. One statement, so one snapshot: the counts are those of what is
    // visible in the snapshot that is stored beside them.
    public const string CountShards = """
        WITH likes_of AS (
            SELECT media_id, count(*) AS n FROM likes WHERE ((media_id >> 10) & 8191) BETWEEN $1 AND $2 GROUP BY 1),
        comments_of AS (
            SELECT media_id, count(*) AS n FROM comments WHERE ((media_id >> 10) & 8191) BETWEEN $1 AND $2 GROUP BY 1),
        media_wanted AS MATERIALIZED (
            SELECT m.id, coalesce(l.n, 0) AS likes, coalesce(c.n, 0) AS comments
            FROM media m LEFT JOIN likes_of l ON l.media_id = m.id LEFT JOIN comments_of c ON c.media_id = m.id
            WHERE ((m.id >> 10) & 8191) BETWEEN $1 AND $2 AND NOT m.deleted),
        media_gone AS (
            DELETE FROM media_counts c WHERE ((c.media_id >> 10) & 8191) BETWEEN $1 AND $2
            AND NOT EXISTS (SELECT FROM media_wanted w WHERE w.id = c.media_id) RETURNING 1),
        media_set AS (
            INSERT INTO media_counts (media_id, likes, comments)
            SELECT w.id, w.likes, w.comments FROM media_wanted w LEFT JOIN media_counts c ON c.media_id = w.id
            WHERE c.media_id IS NULL OR (c.likes, c.comments) <> (w.likes, w.comments) ORDER BY w.id
            ON CONFLICT (media_id) DO UPDATE SET likes = excluded.likes, comments = excluded.comments RETURNING 1),
        posts_of AS (
            SELECT owner_id AS id, count(*) AS n FROM media WHERE NOT deleted AND ((owner_id >> 10) & 8191) BETWEEN $1 AND $2 GROUP BY 1),
        follows_of AS (
            SELECT follower_id AS id, count(*) AS n FROM follows WHERE ((follower_id >> 10) & 8191) BETWEEN $1 AND $2 GROUP BY 1),
        users_wanted AS MATERIALIZED (
            SELECT i.id, coalesce(p.n, 0) AS media, coalesce(f.n, 0) AS following
            FROM (SELECT id FROM users WHERE ((id >> 10) & 8191) BETWEEN $1 AND $2
                  UNION SELECT user_id FROM user_counts WHERE ((user_id >> 10) & 8191) BETWEEN $1 AND $2
                  UNION SELECT id FROM posts_of UNION SELECT id FROM follows_of) AS i
            LEFT JOIN posts_of p USING (id) LEFT JOIN follows_of f USING (id)
            WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = i.id AND u.deleted_at IS NOT NULL)),
        users_gone AS (
            DELETE FROM user_counts c USING users u
            WHERE u.id = c.user_id AND u.deleted_at IS NOT NULL AND ((u.id >> 10) & 8191) BETWEEN $1 AND $2 RETURNING 1),
        users_set AS (
            INSERT INTO user_counts (user_id, media, following)
            SELECT w.id, w.media, w.following FROM users_wanted w LEFT JOIN user_counts c ON c.user_id = w.id
            WHERE c.user_id IS NULL OR (c.media, c.following) <> (w.media, w.following) ORDER BY w.id
            ON CONFLICT (user_id) DO UPDATE SET media = excluded.media, following = excluded.following RETURNING 1),
        snapshots_set AS (
            INSERT INTO derived_snapshots (consumer, source_node, shard, snapshot)
            SELECT $3, $4, s, pg_current_snapshot() FROM generate_series($1, $2) AS s
            ON CONFLICT (consumer, source_node, shard) DO UPDATE SET snapshot = excluded.snapshot RETURNING 1)
        SELECT (SELECT count(*) FROM media_gone) + (SELECT count(*) FROM media_set) + (SELECT count(*) FROM users_gone)
             + (SELECT count(*) FROM users_set) + 0 * (SELECT count(*) FROM snapshots_set)
        """;

    public const string LockSource = "SELECT FROM stream_positions WHERE consumer = $1 AND source_node = $2 FOR UPDATE";

    public const string LockSources = "SELECT FROM stream_positions WHERE consumer = $1 ORDER BY source_node FOR UPDATE";

    public const string ReadFollows = "SELECT followee_id, follower_id FROM follows ORDER BY 1, 2";

    public const string ReadFollowers = "SELECT followee_id, follower_id FROM followers ORDER BY 1, 2";

    public const string ExistingFollows = """
        SELECT f.followee_id, f.follower_id FROM follows f JOIN unnest($1::bigint[], $2::bigint[]) AS e (followee, follower)
        ON f.follower_id = e.follower AND f.followee_id = e.followee
        """;

    public const string ReadBlocks = "SELECT blocked_id, blocker_id FROM blocks ORDER BY 1, 2";

    public const string ReadBlockedBy = "SELECT blocked_id, blocker_id FROM blocked_by ORDER BY 1, 2";

    public const string ExistingBlocks = """
        SELECT b.blocked_id, b.blocker_id FROM blocks b JOIN unnest($1::bigint[], $2::bigint[]) AS e (blocked, blocker)
        ON b.blocker_id = e.blocker AND b.blocked_id = e.blocked
        """;

    // $1 first shard, $2 last shard, $3 most followers of an author who is pushed: as where an edge is added, whoever is found to be above
    // it is given his notice.
    public const string CountFollowers = """
        WITH wanted AS (
            SELECT i.id, coalesce(n.n, 0) AS followers
            FROM (SELECT user_id AS id FROM user_counts WHERE ((user_id >> 10) & 8191) BETWEEN $1 AND $2
                  UNION SELECT followee_id FROM followers WHERE ((followee_id >> 10) & 8191) BETWEEN $1 AND $2) AS i
            LEFT JOIN (SELECT followee_id AS id, count(*) AS n FROM followers
                       WHERE ((followee_id >> 10) & 8191) BETWEEN $1 AND $2 GROUP BY 1) AS n USING (id)),
        wrong AS MATERIALIZED (
            SELECT w.id, w.followers, coalesce(c.followers, 0) AS former FROM wanted w LEFT JOIN user_counts c ON c.user_id = w.id
            WHERE (c.user_id IS NULL OR c.followers <> w.followers)
            AND NOT EXISTS (SELECT FROM users u WHERE u.id = w.id AND u.deleted_at IS NOT NULL)),
        noticed AS (
            INSERT INTO fanout_jobs (author_id, kind, subject_id) SELECT id, 2, id FROM wrong WHERE followers > $3 AND former <= $3 ORDER BY 1
            ON CONFLICT (author_id, kind, subject_id) DO UPDATE
            SET number = excluded.number, after_follower = 0, batches = 0, made_at = now(), ended_at = NULL),
        done AS (
            INSERT INTO user_counts (user_id, followers) SELECT id, followers FROM wrong ORDER BY id
            ON CONFLICT (user_id) DO UPDATE SET followers = excluded.followers RETURNING 1)
        SELECT count(*) FROM done
        """;
}
