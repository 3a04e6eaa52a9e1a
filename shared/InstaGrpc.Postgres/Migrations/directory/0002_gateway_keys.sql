-- Keys of the gateway: those that sign access tokens, and the secret behind refresh tokens and upload URLs. wrapped: encrypted with
-- Insta:Gateway:KeyEncryptionKey. A key signs from activates_at (so that every process knows it by then) until a newer one does, and verifies
-- until retires_at.
CREATE TABLE gateway_keys (
    kid          text        COLLATE "C" PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('es256', 'secret')),
    material     bytea       NOT NULL,
    wrapped      boolean     NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT now(),
    activates_at timestamptz NOT NULL DEFAULT now(),
    retires_at   timestamptz
);
