namespace InstaGrpc.Photos;

/// <summary>Every query of <c>blobs</c> and <c>blob_refs</c>. A test explains each and fails on a sequential scan.</summary>
internal static class BlobSql
{
    public const string Register = """
        INSERT INTO blobs AS b (id, sha256, format, width, height, length) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id, sha256) DO UPDATE SET touched_at = now() RETURNING b.stored
        """;

    public const string Stored = "UPDATE blobs SET stored = true, touched_at = now() WHERE id = $1 AND sha256 = $2";

    // Held once more, it is as young as a new hold (xmax tells the two apart). The row lock is what the sweep waits for, or what waits for the sweep and then finds no row.
    public const string Hold = """
        WITH known AS (SELECT id, sha256, width, height FROM blobs WHERE id = $1 AND sha256 = $2 AND stored FOR UPDATE),
        held AS (INSERT INTO blob_refs (id, sha256, owner_id) SELECT id, sha256, $3 FROM known
            ON CONFLICT (id, sha256, owner_id) DO UPDATE SET confirmed = false, created_at = now() RETURNING xmax = 0 AS fresh),
        counted AS (UPDATE blobs b SET refs = refs + 1 FROM held WHERE held.fresh AND b.id = $1 AND b.sha256 = $2)
        SELECT width, height FROM known
        """;

    public const string Release = """
        WITH gone AS (DELETE FROM blob_refs WHERE id = $1 AND sha256 = $2 AND owner_id = $3 RETURNING id)
        UPDATE blobs b SET refs = refs - 1, touched_at = now() FROM gone WHERE b.id = $1 AND b.sha256 = $2
        """;

    public const string Unconfirmed = """
        SELECT sha256, owner_id FROM blob_refs WHERE NOT confirmed AND created_at < $1 ORDER BY created_at LIMIT 100
        """;

    public const string Doubt = "UPDATE blob_refs SET confirmed = false, created_at = now() WHERE id = $1 AND sha256 = $2 AND owner_id = $3";

    // Not one that was taken, or taken anew, after the holder was looked for.
    public const string ReleaseOrphan = """
        WITH gone AS (
            DELETE FROM blob_refs WHERE id = $1 AND sha256 = $2 AND owner_id = $3 AND NOT confirmed AND created_at < $4 RETURNING id)
        UPDATE blobs b SET refs = refs - 1, touched_at = now() FROM gone WHERE b.id = $1 AND b.sha256 = $2
        """;

    public const string Confirm = "UPDATE blob_refs SET confirmed = true WHERE id = $1 AND sha256 = $2 AND owner_id = $3 AND created_at < $4";

    // A post that is deleted still holds its photos until it is swept.
    public const string IsHeld = """
        SELECT EXISTS (SELECT FROM media WHERE id = $1)
            OR EXISTS (SELECT FROM users WHERE id = $1 AND avatar_blob = $2 AND deleted_at IS NULL)
        """;

    // $1 for those that are stored, $2, the later one, for those whose upload was never finished.
    public const string Unreferenced = """
        SELECT sha256 FROM blobs WHERE refs = 0 AND touched_at < $2 AND (NOT stored OR touched_at < $1) ORDER BY touched_at LIMIT 100
        """;

    public const string GiveUp = """
        UPDATE blobs SET stored = false WHERE id = $1 AND sha256 = $2 AND refs = 0 AND touched_at < $3 RETURNING true
        """;

    public const string LockGivenUp = """
        SELECT true FROM blobs WHERE id = $1 AND sha256 = $2 AND refs = 0 AND NOT stored AND touched_at < $3 FOR UPDATE
        """;

    public const string Forget = "DELETE FROM blobs WHERE id = $1 AND sha256 = $2";

    public const string Ageing = """
        SELECT sha256 FROM blobs WHERE tier = $1 AND stored AND created_at < $2 ORDER BY created_at LIMIT 100
        """;

    public const string Move = "UPDATE blobs SET tier = $3 WHERE id = $1 AND sha256 = $2";
}
