namespace InstaGrpc.Services.Feed;

/// <summary>Every query of the home feeds. A test explains each and fails on a sequential scan.</summary>
internal static class FeedSql
{
    // The reader's shard.

    public const string Followees = "SELECT followee_id FROM follows WHERE follower_id = $1";

    // kind 0: the user himself, without whom there is no answer; 1: followed; 2: hidden.
    public const string Relations = """
        SELECT 0, id FROM users WHERE id = $1 AND deleted_at IS NULL
        UNION ALL SELECT 1, followee_id FROM follows WHERE follower_id = $1
        UNION ALL SELECT 2, blocked_id FROM blocks WHERE blocker_id = $1
        UNION ALL SELECT 2, blocker_id FROM blocked_by WHERE blocked_id = $1
        """;

    // Written at most once in a while for each user: a hint needs no better.
    public const string MarkActive = """
        INSERT INTO active_users (user_id, active_at) SELECT id, now() FROM unnest($1::bigint[]) AS u (id) ORDER BY id
        ON CONFLICT (user_id) DO UPDATE SET active_at = excluded.active_at
        WHERE active_users.active_at < excluded.active_at - interval '1 minute'
        """;

    // The authors' node. The lists of single authors stand in an index, so each costs what is taken of it.

    // The newest posts of all these authors together, without the pulled ones, who are named instead. One statement, so one snapshot.
    public const string NewestToBuild = """
        WITH author AS MATERIALIZED (
            SELECT a.id, coalesce((SELECT c.followers FROM user_counts c WHERE c.user_id = a.id), 0) > $2 AS pulled
            FROM unnest($1::bigint[]) AS a (id))
        (SELECT true, id FROM author WHERE pulled)
        UNION ALL
        (SELECT false, p.id FROM author a
         CROSS JOIN LATERAL (SELECT m.id FROM media m WHERE m.owner_id = a.id AND NOT m.deleted ORDER BY m.id DESC LIMIT $3) AS p
         WHERE NOT a.pulled ORDER BY p.id DESC LIMIT $3)
        """;

    public const string NewestBefore = """
        SELECT p.id FROM unnest($1::bigint[]) AS a (id)
        CROSS JOIN LATERAL (
            SELECT m.id FROM media m WHERE m.owner_id = a.id AND NOT m.deleted AND m.id < $2 ORDER BY m.id DESC LIMIT $3) AS p
        ORDER BY p.id DESC LIMIT $3
        """;
}
