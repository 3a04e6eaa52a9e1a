-- How a user signs in, on his shard. The hash's parameters stand beside it: they may grow, and a hash is made anew when its user signs in.
CREATE TABLE credentials (
    user_id    bigint      PRIMARY KEY,
    algorithm  text        NOT NULL CHECK (algorithm = 'pbkdf2-sha512'),
    iterations int         NOT NULL CHECK (iterations > 0),
    salt       bytea       NOT NULL,
    hash       bytea       NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX credentials_shard ON credentials (((user_id >> 10) & 8191));

-- A session: the family of refresh tokens that came one out of the other. The tokens carry family and generation under the gateway's
-- signature; here stands only which generation is the newest.
CREATE TABLE refresh_tokens (
    user_id    bigint      NOT NULL,
    family     uuid        NOT NULL,
    generation int         NOT NULL DEFAULT 0,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (user_id, family)
);
CREATE INDEX refresh_tokens_shard ON refresh_tokens (((user_id >> 10) & 8191));
