namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Queries of the directory's gateway_keys: a handful of rows.</summary>
internal static class KeySql
{
    // "gateway" in ASCII: who makes a key is alone.
    public const string Lock = "SELECT pg_advisory_xact_lock(29099057453195641)";

    public const string Living = """
        SELECT kid, kind, material, wrapped, activates_at - now(), now() - made_at
        FROM gateway_keys WHERE retires_at IS NULL OR retires_at > now() ORDER BY activates_at DESC, kid
        """;

    public const string Insert = """
        INSERT INTO gateway_keys (kid, kind, material, wrapped, activates_at) VALUES ($1, $2, $3, $4, now() + $5::interval)
        """;

    // A token that was signed at the last moment of its key is good until here.
    public const string Retire = """
        UPDATE gateway_keys SET retires_at = now() + $2::interval WHERE kind = 'es256' AND kid <> $1 AND retires_at IS NULL
        """;

    public const string Forget = "DELETE FROM gateway_keys WHERE retires_at < now()";
}
