-- A node: rows live on the shard of the entity that they belong to. The routing id is in every primary key, and an expression index
-- stands on its shard, ((id >> 10) & 8191): the same expression is the row filter that copies a logical shard. There are no foreign
-- keys: rows are swept in batches and copied by shard.

CREATE TABLE users (
    id              bigint      PRIMARY KEY,
    name            text        COLLATE "C" NOT NULL,
    display_name    text        NOT NULL DEFAULT '',
    avatar_media_id bigint,
    avatar_index    int         NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz
);
CREATE INDEX users_shard ON users (((id >> 10) & 8191));

-- deleted says what deleted_at says, but can stand in the replica identity: the stream then carries a post's passing from living to
-- deleted exactly once (the old value comes along when it changes), whatever else is updated later.
CREATE TABLE media (
    id         bigint      PRIMARY KEY,
    owner_id   bigint      NOT NULL,
    caption    text        NOT NULL DEFAULT '',
    photos     jsonb       NOT NULL DEFAULT '[]',   -- [{"blob_id": "…", "width": 0, "height": 0}]
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted    boolean     NOT NULL DEFAULT false,
    CONSTRAINT media_deleted_as_deleted_at CHECK (deleted = (deleted_at IS NOT NULL))
);
-- Serves a user's posts, newest first, past the deleted ones; and carries owner_id and id on DELETE.
CREATE UNIQUE INDEX media_by_owner ON media (owner_id, deleted, id);
ALTER TABLE media REPLICA IDENTITY USING INDEX media_by_owner;
CREATE INDEX media_shard ON media (((id >> 10) & 8191));

CREATE TABLE likes (
    media_id   bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, user_id)
);
CREATE INDEX likes_shard ON likes (((media_id >> 10) & 8191));

CREATE TABLE comments (
    media_id   bigint      NOT NULL,
    id         bigint      NOT NULL,
    author_id  bigint      NOT NULL,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, id)
);
CREATE INDEX comments_shard ON comments (((media_id >> 10) & 8191));

CREATE TABLE media_counts (
    media_id bigint PRIMARY KEY,
    likes    bigint NOT NULL DEFAULT 0,
    comments bigint NOT NULL DEFAULT 0
);
CREATE INDEX media_counts_shard ON media_counts (((media_id >> 10) & 8191));

CREATE TABLE user_counts (
    user_id   bigint PRIMARY KEY,
    media     bigint NOT NULL DEFAULT 0,
    followers bigint NOT NULL DEFAULT 0,
    following bigint NOT NULL DEFAULT 0
);
CREATE INDEX user_counts_shard ON user_counts (((user_id >> 10) & 8191));

-- The truth, on the follower's shard.
CREATE TABLE follows (
    follower_id bigint      NOT NULL,
    followee_id bigint      NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, followee_id)
);
CREATE INDEX follows_shard ON follows (((follower_id >> 10) & 8191));

-- Derived from follows, on the followee's shard.
CREATE TABLE followers (
    followee_id bigint NOT NULL,
    follower_id bigint NOT NULL,
    PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX followers_shard ON followers (((followee_id >> 10) & 8191));

CREATE TABLE blocks (
    blocker_id bigint      NOT NULL,
    blocked_id bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (blocker_id, blocked_id)
);
CREATE INDEX blocks_shard ON blocks (((blocker_id >> 10) & 8191));

-- First answers of writes that a phone may repeat, stored in the write's transaction. routing_id: what the write belongs to (the user
-- for a post, the post for a comment), so that answer and row live, and move, together.
CREATE TABLE requests (
    routing_id bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    request_id text        COLLATE "C" NOT NULL,
    method     text        NOT NULL,
    answer     bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (routing_id, user_id, request_id)
);
CREATE INDEX requests_shard ON requests (((routing_id >> 10) & 8191));
CREATE INDEX requests_created_at ON requests (created_at);

-- How far a consumer of a node's stream has written here; moved on in the transaction that writes what it derived.
CREATE TABLE stream_positions (
    consumer       text        COLLATE "C" NOT NULL,
    source_node    text        COLLATE "C" NOT NULL,
    timeline       bigint      NOT NULL,
    lsn            pg_lsn      NOT NULL,
    record_index   bigint      NOT NULL,          -- 4294967295: the whole transaction
    "offset"       bigint      NOT NULL,          -- Kafka's, a hint
    system         bigint      NOT NULL,          -- pg_control_system().system_identifier of the source
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source_node)
);

-- The snapshot that a shard's derived rows were last made in: records whose transaction is visible in it are already counted.
CREATE TABLE derived_snapshots (
    consumer    text        COLLATE "C" NOT NULL,
    source_node text        COLLATE "C" NOT NULL,
    shard       int         NOT NULL,
    snapshot    pg_snapshot NOT NULL,
    PRIMARY KEY (consumer, source_node, shard)
);
