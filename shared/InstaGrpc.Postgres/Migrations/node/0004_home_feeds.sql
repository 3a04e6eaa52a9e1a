-- When a user last read his home feed, by a few minutes: a hint, written aside. Fan-out serves active followers first.
CREATE TABLE active_users (
    user_id   bigint      PRIMARY KEY,
    active_at timestamptz NOT NULL
);
CREATE INDEX active_users_shard ON active_users (((user_id >> 10) & 8191));
CREATE INDEX active_users_active_at ON active_users (active_at);

-- Derived from blocks, on the blocked user's shard.
CREATE TABLE blocked_by (
    blocked_id bigint NOT NULL,
    blocker_id bigint NOT NULL,
    PRIMARY KEY (blocked_id, blocker_id)
);
CREATE INDEX blocked_by_shard ON blocked_by (((blocked_id >> 10) & 8191));

-- Deleted users of whom something may be left anywhere; written in the transaction that leaves the tombstone, removed when a sweep some
-- time later has found nothing more.
CREATE TABLE deleted_users (
    id         bigint      PRIMARY KEY,
    name       text        COLLATE "C" NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX deleted_users_shard ON deleted_users (((id >> 10) & 8191));

-- What a user left on posts of others; they serve the sweep alone.
CREATE INDEX likes_by_user ON likes (user_id, media_id);
CREATE INDEX comments_by_author ON comments (author_id, media_id, id);
