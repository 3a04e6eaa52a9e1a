-- Photos' bytes lie in the blob store; here stands what is known of them, on the shard that the last 13 bits of their hash name. id is
-- routing alone (BlobId.RoutingId): shard and some more bits of the hash. stored: the bytes are in the store; a row is there before them and
-- after them, so that bytes without a row can't be. refs: rows of blob_refs, changed in the same transactions.
CREATE TABLE blobs (
    id         bigint      NOT NULL,
    sha256     bytea       NOT NULL,
    format     smallint    NOT NULL,              -- 1 JPEG, 2 PNG, 3 WebP, 4 HEIC
    width      int         NOT NULL,
    height     int         NOT NULL,
    length     bigint      NOT NULL,
    tier       smallint    NOT NULL DEFAULT 0,    -- 0 hot, 1 warm, 2 cold
    stored     boolean     NOT NULL DEFAULT false,
    refs       bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    touched_at timestamptz NOT NULL DEFAULT now(), -- uploaded again, or left by its last post
    PRIMARY KEY (id, sha256)
);
CREATE INDEX blobs_shard ON blobs (((id >> 10) & 8191));
CREATE INDEX blobs_by_tier ON blobs (tier, created_at) WHERE stored;
CREATE INDEX blobs_unreferenced ON blobs (touched_at) WHERE refs = 0;

-- Who holds a photo: a post, or a user whose avatar it is. Written before the holder; confirmed once the holder was seen.
CREATE TABLE blob_refs (
    id         bigint      NOT NULL,
    sha256     bytea       NOT NULL,
    owner_id   bigint      NOT NULL,
    confirmed  boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, sha256, owner_id)
);
CREATE INDEX blob_refs_shard ON blob_refs (((id >> 10) & 8191));
CREATE INDEX blob_refs_unconfirmed ON blob_refs (created_at) WHERE NOT confirmed;

-- SHA-256 of the avatar, hexadecimal, as in media.photos; empty: none.
ALTER TABLE users ADD COLUMN avatar_blob text COLLATE "C" NOT NULL DEFAULT '';
