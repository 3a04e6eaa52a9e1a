namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>Every statement of the fan-out. A test explains each and fails on a sequential scan.</summary>
internal static class FanoutSql
{
    // $1 how many, $2 numbers that are known already, $3 authors whose jobs are run and $4 how many. Each author's first job comes before
    // anybody's second, what is run counted: many posts of one author are no queue before another's one. Of the oldest 10,000, because
    // ranking all would cost the more the more wait. The author's count, his notice and the job in one snapshot: a post may be left to be
    // pulled only where the notice had ended when the count was above the limit.
    public const string Waiting = """
        SELECT j.number, j.kind, j.author_id, j.subject_id, j.tier, j.followers, j.pass, j.after_follower, j.batches,
               coalesce(c.followers, 0), n.number IS NOT NULL, n.ended_at IS NOT NULL, j.made_at, j.traceparent, j.place
        FROM (
            SELECT w.*, row_number() OVER (PARTITION BY w.author_id ORDER BY w.number) + coalesce(r.jobs, 0) AS place
            FROM (SELECT * FROM fanout_jobs WHERE ended_at IS NULL AND kind < 3 AND number <> ALL ($2::bigint[])
                  ORDER BY number LIMIT 10000) AS w
            LEFT JOIN unnest($3::bigint[], $4::bigint[]) AS r (author_id, jobs) ON r.author_id = w.author_id
            ORDER BY place, w.number LIMIT $1) AS j
        LEFT JOIN user_counts c ON c.user_id = j.author_id
        LEFT JOIN fanout_jobs n ON n.author_id = j.author_id AND n.kind = 2 AND n.subject_id = j.author_id
        ORDER BY j.place, j.number
        """;

    // For whoever watches: how many jobs and drops wait, up to 100,000 each, and since when the first.
    public const string Backlog = """
        SELECT j.n, d.n, coalesce(extract(epoch FROM now() - least(j.since, d.since)), 0)::double precision
        FROM (SELECT count(*) AS n, min(made_at) AS since FROM (
                SELECT made_at FROM fanout_jobs WHERE ended_at IS NULL AND kind < 3 ORDER BY number LIMIT 100000) AS w) AS j,
             (SELECT count(*) AS n, min(made_at) AS since FROM (
                SELECT made_at FROM fanout_jobs WHERE ended_at IS NULL AND kind = 3 ORDER BY number LIMIT 100000) AS w) AS d
        """;

    // $1 author: he is above the limit, and nobody has told his followers (the limit was another, or a row is lost).
    public const string AddNotice = """
        INSERT INTO fanout_jobs (author_id, kind, subject_id) VALUES ($1, 2, $1) ON CONFLICT DO NOTHING
        """;

    // $1 after which number, $2 how many.
    public const string WaitingDrops = """
        SELECT number, author_id, subject_id FROM fanout_jobs WHERE ended_at IS NULL AND kind = 3 AND number > $1 ORDER BY number LIMIT $2
        """;

    // Drops are not kept: no rebuild asks for them. $1 authors, $2 subjects, $3 numbers.
    public const string EndDrops = """
        DELETE FROM fanout_jobs j USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (author, subject, number)
        WHERE j.author_id = d.author AND j.kind = 3 AND j.subject_id = d.subject AND j.number = d.number
        """;

    // $1 author, $2 after which follower, $3 how many. As one value: rows would cost several times as much on both sides.
    public const string Followers = """
        SELECT ARRAY (SELECT follower_id FROM followers WHERE followee_id = $1 AND follower_id > $2 ORDER BY follower_id LIMIT $3)
        """;

    // $1 users, $2 since.
    public const string Active = "SELECT ARRAY (SELECT user_id FROM active_users WHERE user_id = ANY ($1::bigint[]) AND active_at > now() - $2::interval)";

    // What a worker says of followers up to a point is true whoever else works: it has reached them. So progress is only ever moved
    // forward, and not at all where the job has begun again since (another number).
    public const string Progress = """
        UPDATE fanout_jobs j
        SET tier = p.tier, followers = p.followers, pass = p.pass, after_follower = p.after, batches = p.batches,
            ended_at = CASE WHEN p.ended THEN now() END
        FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bigint[], $7::smallint[], $8::bigint[],
                    $9::bigint[], $10::boolean[]) AS p (author, kind, subject, number, tier, followers, pass, after, batches, ended)
        WHERE j.author_id = p.author AND j.kind = p.kind AND j.subject_id = p.subject AND j.number = p.number AND j.ended_at IS NULL
        AND (j.pass, j.after_follower) <= (p.pass, p.after)
        RETURNING j.number
        """;

    // Of the directory: $1 region.
    public const string RingVersion = "SELECT max(version) FROM rings WHERE region = $1 AND used_until IS NULL";

    // A notice stands for "every timeline holds it" only as long as its author is above the limit; $1 is the limit.
    public const string ForgetNotices = """
        DELETE FROM fanout_jobs j USING user_counts c
        WHERE j.kind = 2 AND j.ended_at IS NOT NULL AND c.user_id = j.author_id AND c.followers <= $1
        """;

    // Sweeping: 1,000 rows at a time. $1 how old.
    public const string SweepJobs = """
        DELETE FROM fanout_jobs WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM fanout_jobs WHERE kind = 1 AND ended_at < now() - $1::interval ORDER BY ended_at LIMIT 1000))
        """;

    public const string SweepNotifications = """
        DELETE FROM notifications WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM notifications WHERE created_at < now() - $1::interval ORDER BY created_at LIMIT 1000))
        """;

    // Of users who are gone, as long as their deletion is being swept.
    public const string SweepDepartedNotifications = """
        DELETE FROM notifications WHERE ctid = ANY (ARRAY (
            SELECT n.ctid FROM deleted_users d JOIN notifications n ON n.user_id = d.id LIMIT 1000))
        """;

    public const string SweepDepartedHeads = "DELETE FROM notification_heads h USING deleted_users d WHERE h.user_id = d.id";
}
