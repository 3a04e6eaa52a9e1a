-- What the projector derives beside counts and edges: fan-out jobs, notifications, words to search by.

-- Work that must reach the timelines in memcached. kind 1, post: subject_id is a post of the author, pushed to his followers. 2, notice:
-- subject_id is the author himself, who is pulled from now on. 3, drop: the timeline of subject_id is deleted. A job stands on the node of
-- author_id, beside the followers that it pages through; for a drop that is the followee (or the blocked user), so that the job commits
-- with the edge that it follows on.
--
-- A number is given anew whenever a job has to begin again, and is never used twice on a node: whoever writes progress names the number
-- that he worked for, and a worker that was overtaken changes no row.
CREATE SEQUENCE fanout_numbers;
CREATE TABLE fanout_jobs (
    author_id      bigint      NOT NULL,
    kind           smallint    NOT NULL CHECK (kind BETWEEN 1 AND 3),
    subject_id     bigint      NOT NULL,
    number         bigint      NOT NULL DEFAULT nextval('fanout_numbers'),
    tier           smallint    NOT NULL DEFAULT 0,   -- insta.feed.v1.FanoutTier; 0: not planned yet
    followers      bigint      NOT NULL DEFAULT 0,   -- when it was planned
    pass           smallint    NOT NULL DEFAULT 0,   -- of a post in the tier "active first": 0 to the active followers, 1 to the others
    after_follower bigint      NOT NULL DEFAULT 0,   -- every follower up to this one has it, in this pass
    batches        bigint      NOT NULL DEFAULT 0,   -- sent so far
    made_at        timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz,
    PRIMARY KEY (author_id, kind, subject_id)
);
CREATE INDEX fanout_jobs_shard ON fanout_jobs (((author_id >> 10) & 8191));
CREATE INDEX fanout_jobs_waiting ON fanout_jobs (number) WHERE ended_at IS NULL AND kind < 3;
CREATE INDEX fanout_jobs_drops ON fanout_jobs (number) WHERE ended_at IS NULL AND kind = 3;
CREATE INDEX fanout_jobs_noticed ON fanout_jobs (author_id) WHERE ended_at IS NOT NULL AND kind = 2;
CREATE INDEX fanout_jobs_ended ON fanout_jobs (ended_at) WHERE ended_at IS NOT NULL AND kind = 1;

-- kind: insta.feed.v1.NotificationKind. media_id and comment_id are 0 where there is none. Ids are unique for their user, and grow in the
-- order in which his notifications are committed.
CREATE TABLE notifications (
    user_id    bigint      NOT NULL,
    id         bigint      NOT NULL,
    kind       smallint    NOT NULL,
    actor_id   bigint      NOT NULL,
    media_id   bigint      NOT NULL,
    comment_id bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
);
-- What makes a notification the same one, however often the event behind it is seen.
CREATE UNIQUE INDEX notifications_once ON notifications (user_id, kind, actor_id, media_id, comment_id);
CREATE INDEX notifications_shard ON notifications (((user_id >> 10) & 8191));
CREATE INDEX notifications_created_at ON notifications (created_at);

-- ordinal: of the user's last notification, 1,024 to the ms since 2026-01-01T00:00:00Z. Whoever adds one locks this row until he has
-- committed, so that a reader who has seen an id has seen every smaller one. read_up_to: this one and all before it are read.
CREATE TABLE notification_heads (
    user_id    bigint PRIMARY KEY,
    ordinal    bigint NOT NULL,
    read_up_to bigint NOT NULL DEFAULT 0
);
CREATE INDEX notification_heads_shard ON notification_heads (((user_id >> 10) & 8191));

-- kind 1: the name of the user subject_id; 2: a word in the caption of the post subject_id.
CREATE TABLE search_terms (
    subject_id bigint   NOT NULL,
    kind       smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),
    term       text     COLLATE "C" NOT NULL,
    PRIMARY KEY (subject_id, kind, term)
);
CREATE INDEX search_terms_shard ON search_terms (((subject_id >> 10) & 8191));
CREATE INDEX search_terms_by_term ON search_terms (kind, term, subject_id DESC);
