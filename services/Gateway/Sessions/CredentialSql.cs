namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Every query of sign-in, on the user's shard. A test explains each and fails on a sequential scan.</summary>
internal static class CredentialSql
{
    public const string Get = "SELECT iterations, salt, hash FROM credentials WHERE user_id = $1";

    public const string Insert = """
        INSERT INTO credentials (user_id, algorithm, iterations, salt, hash) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO NOTHING
        """;

    public const string Set = """
        INSERT INTO credentials (user_id, algorithm, iterations, salt, hash) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id) DO UPDATE
        SET algorithm = excluded.algorithm, iterations = excluded.iterations, salt = excluded.salt, hash = excluded.hash, changed_at = now()
        """;

    // Of a hash that is still the one that was compared: a password that was changed meanwhile stays changed.
    public const string Renew = """
        UPDATE credentials SET algorithm = $2, iterations = $3, salt = $4, hash = $5 WHERE user_id = $1 AND hash = $6
        """;

    public const string BeginFamily = "INSERT INTO refresh_tokens (user_id, family, expires_at) VALUES ($1, $2, now() + $3::interval)";

    // A session that has ended, and all but the newest: an account can't fill the table.
    public const string EndOld = """
        DELETE FROM refresh_tokens WHERE user_id = $1 AND (expires_at < now() OR family IN (
            SELECT family FROM refresh_tokens WHERE user_id = $1 ORDER BY rotated_at DESC OFFSET 50))
        """;

    // Rotations of one family come one after the other.
    public const string Lock = """
        SELECT generation, rotated_at > now() - $3::interval, revoked_at IS NOT NULL OR expires_at < now()
        FROM refresh_tokens WHERE user_id = $1 AND family = $2 FOR UPDATE
        """;

    public const string Rotate = """
        UPDATE refresh_tokens SET generation = generation + 1, rotated_at = now(), expires_at = now() + $3::interval
        WHERE user_id = $1 AND family = $2
        """;

    public const string Revoke = "UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1 AND family = $2 AND revoked_at IS NULL";

    public const string RevokeAll = "UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL";
}
