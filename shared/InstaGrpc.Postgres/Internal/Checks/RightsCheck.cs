namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>What our role may do: stream, publish (which needs the tables' owner), and hear of DDL.</summary>
internal sealed class RightsCheck : INodeCheck
{
    public string Name => "rights";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        var role = await server.QueryAsync<string>("SELECT quote_ident(current_user)", cancellation).ConfigureAwait(false);
        if (!await server.QueryAsync<bool>("SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user", cancellation).ConfigureAwait(false))
        {
            server.Error("replication", $"role {role} may not stream changes.", $"ALTER ROLE {role} REPLICATION;");
        }

        if (!await server.QueryAsync<bool>("SELECT has_database_privilege(current_database(), 'CREATE')", cancellation).ConfigureAwait(false))
        {
            var database = await server.QueryAsync<string>("SELECT quote_ident(current_database())", cancellation).ConfigureAwait(false);
            server.Error("create", $"role {role} may not make a publication in this database.",
                $"GRANT CREATE ON DATABASE {database} TO {role};");
        }

        var triggers = await server.QueryAsync<long>(
            "SELECT count(*) FROM pg_event_trigger WHERE evtname IN ('insta_ddl', 'insta_drop') AND evtenabled = 'A'", cancellation).ConfigureAwait(false);
        if (triggers < 2)
        {
            server.Warning("event triggers", "the triggers that report ALTER TABLE are missing: after it, cached answers live on until their TTL.",
                "run `insta migrate` once as a superuser (PostgreSQL lets nobody else make event triggers).");
        }

        var foreign = await server.RowsAsync(
            """
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public' AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1
            """,
            static row => row.GetString(0),
            cancellation).ConfigureAwait(false);
        foreach (var table in foreign)
        {
            server.Warning("owner", $"table {table} belongs to another role: a contract that depends on it can't be published.",
                $"ALTER TABLE {table} OWNER TO {role}; (or GRANT its owner TO {role};).");
        }
    }
}
