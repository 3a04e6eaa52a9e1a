using Npgsql;

namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>The tables are there, and a DELETE of a published one carries the columns that name the row.</summary>
internal sealed class SchemaCheck : INodeCheck
{
    public string Name => "schema";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        var pending = await Migrator.PendingAsync(server.Connection, server.IsDirectory ? "directory/" : "node/", cancellation).ConfigureAwait(false);
        if (pending.Count > 0)
        {
            server.Error("migrations", $"{pending.Count} have not run: {string.Join(", ", pending)}.", "run `insta migrate`.");
            return;
        }

        var projected = server.IsDirectory ? ProjectedTables.OfDirectory : ProjectedTables.OfNodes;
        var unfit = await server.RowsAsync(
            $"""
            SELECT c.oid::regclass::text, c.relpersistence = 'p', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
                   CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false
                        WHEN 'd' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
                        ELSE EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid) END
            FROM pg_class c
            WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(ARRAY[{string.Join(", ", projected.Keys.Select(static name => $"'{name}'"))}]) AS name)
               OR c.oid IN (SELECT r.prrelid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname LIKE 'insta%')
            """,
            static row => (Table: row.GetString(0), Logged: row.GetBoolean(1), Keyed: row.GetBoolean(2), Identified: row.GetBoolean(3)),
            cancellation).ConfigureAwait(false);
        foreach (var table in unfit)
        {
            if (!table.Logged)
            {
                server.Error("unlogged", $"table {table.Table} is not logged: its changes are not in the stream.", $"ALTER TABLE {table.Table} SET LOGGED;");
            }

            if (!table.Identified)
            {
                server.Error("replica identity", $"an UPDATE or DELETE of table {table.Table} fails or does not say which row it was.",
                    table.Keyed
                        ? $"ALTER TABLE {table.Table} REPLICA IDENTITY DEFAULT; (its primary key; or USING INDEX, over the columns that contracts bind)."
                        : $"give it a primary key, or ALTER TABLE {table.Table} REPLICA IDENTITY USING INDEX … ;");
            }
        }

        if (projected.ContainsKey("media"))
        {
            await MediaIdentityAsync(server, cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask MediaIdentityAsync(NodeExamination server, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('media_by_owner') AND indisreplident)", server.Connection);
        if (!(bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!)
        {
            server.Error("replica identity", "a DELETE of table media does not carry owner_id: the lists of the owner's posts would go stale.",
                "ALTER TABLE media REPLICA IDENTITY USING INDEX media_by_owner;");
        }
    }
}
