-- What a user who is deleted did that others were told of; it serves the sweep alone.
CREATE INDEX notifications_by_actor ON notifications (actor_id, user_id, id);

-- Posts that are liked so often that their cached answers are kept longer, on the post's shard; a hint that the projector writes and the
-- role media reads. A handful of rows: one goes when its post is calm again.
CREATE TABLE viral_media (
    media_id bigint      PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX viral_media_shard ON viral_media (((media_id >> 10) & 8191));
