-- The directory: what a mesh must agree on. One small database; to the change stream a node like the others, named "directory".

-- One row. The epoch is random and made anew when this is another server's data than it was (restored, promoted, copied), so that
-- whatever was numbered by the former life cannot be mistaken for this one's.
CREATE TABLE directory_identity (
    one               boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch             bigint  NOT NULL,
    system_identifier bigint  NOT NULL,
    timeline          bigint  NOT NULL,
    database          oid     NOT NULL
);

CREATE TABLE nodes (
    name   text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z0-9-]{1,32}$'),
    region text COLLATE "C" NOT NULL
);

-- Logical shard -> node. epoch: that of the map in which the shard last changed.
CREATE TABLE shards (
    shard int    PRIMARY KEY CHECK (shard BETWEEN 0 AND 8191),
    node  text   COLLATE "C" NOT NULL REFERENCES nodes (name),
    epoch bigint NOT NULL
);

-- One row: the epoch of the map as a whole. A change of the map raises it and stamps the changed shards in one transaction.
CREATE TABLE shard_map (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint  NOT NULL
);
INSERT INTO shard_map (epoch) VALUES (0);

-- Windows of timestamps are [start, end), in ms since 2026-01-01T00:00:00Z. last_ms: end of the last window; ids carry only timestamps
-- of a window that their maker leased.
CREATE TABLE id_windows (
    shard   int    PRIMARY KEY CHECK (shard BETWEEN 0 AND 8191),
    last_ms bigint NOT NULL,
    owner   uuid   NOT NULL
);

-- A claim is taken before the user is made and confirmed after it. request_id: of the CreateUser that claimed.
CREATE TABLE names (
    name       text COLLATE "C" PRIMARY KEY,
    user_id    bigint      NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    confirmed  boolean     NOT NULL DEFAULT false,
    request_id text        NOT NULL DEFAULT ''
);

-- Numbers of contracts commit in order and without holes: the inserting transaction holds this row.
CREATE TABLE contract_counter (
    epoch       bigint PRIMARY KEY,
    last_number bigint NOT NULL DEFAULT 0
);

CREATE TABLE contracts (
    epoch        bigint      NOT NULL,
    number       bigint      NOT NULL,
    identity     bytea       NOT NULL,          -- SHA-256 of body
    method       text        NOT NULL,
    body         bytea       NOT NULL,          -- insta.invalidator.v1.AnnouncedContract
    announced_at timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (epoch, number)
);
-- An identical living contract keeps its number; one that ended gets a new one.
CREATE UNIQUE INDEX contracts_living ON contracts (epoch, identity) WHERE ended_at IS NULL;

-- What became of a contract on a node. published: honoured from (timeline, lsn) on.
CREATE TABLE contract_nodes (
    epoch    bigint NOT NULL,
    number   bigint NOT NULL,
    node     text   COLLATE "C" NOT NULL,
    state    text   NOT NULL CHECK (state IN ('published', 'refused', 'not_here')),
    timeline bigint,
    lsn      pg_lsn,
    reason   text   NOT NULL DEFAULT '',
    PRIMARY KEY (epoch, number, node),
    CHECK ((state = 'published') = (timeline IS NOT NULL AND lsn IS NOT NULL))
);

CREATE TABLE contract_processes (
    epoch      bigint      NOT NULL,
    number     bigint      NOT NULL,
    process    uuid        NOT NULL,
    renewed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (epoch, number, process)
);

-- The invalidator of a region and node: owner fences (the session lock elects); address serves InvalidatorService.WatchDrops.
CREATE TABLE lineages (
    region  text   COLLATE "C" NOT NULL,
    node    text   COLLATE "C" NOT NULL,
    owner   bigint NOT NULL DEFAULT 0,
    address text   NOT NULL DEFAULT '',
    PRIMARY KEY (region, node)
);

-- Placement of keys on memcached servers. servers: [{"address": "host:port", "weight": 1}]; incarnations: {"host:port": 1}.
-- used_until: null for the ring in force.
CREATE TABLE rings (
    version      bigint NOT NULL,
    region       text   COLLATE "C" NOT NULL,
    servers      jsonb  NOT NULL,
    incarnations jsonb  NOT NULL DEFAULT '{}',
    used_until   timestamptz,
    PRIMARY KEY (region, version)
);

-- Wakes those who watch; what changed is read from the tables.
CREATE FUNCTION insta_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$;
CREATE TRIGGER contracts_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON contracts
    FOR EACH STATEMENT EXECUTE FUNCTION insta_notify('insta_contracts');
CREATE TRIGGER contract_nodes_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON contract_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION insta_notify('insta_contracts');
CREATE TRIGGER nodes_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nodes
    FOR EACH STATEMENT EXECUTE FUNCTION insta_notify('insta_shards');
CREATE TRIGGER shards_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shards
    FOR EACH STATEMENT EXECUTE FUNCTION insta_notify('insta_shards');
