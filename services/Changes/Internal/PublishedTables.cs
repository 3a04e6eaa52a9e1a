using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>The tables of a node that concern a publication, as its catalog has them, and the one statement that changes it.</summary>
internal sealed class PublishedTables(string publication, NpgsqlConnection connection)
{
    private readonly Dictionary<string, TableState> _tables = new(StringComparer.Ordinal);

    /// <summary>Names of the tables that were loaded and are there, with all their partitions.</summary>
    public IReadOnlyCollection<string> WithPartitions { get; private set; } = [];

    /// <summary>Names of the tables that were loaded and are there, by oid.</summary>
    public Dictionary<uint, string> Oids { get; } = [];

    public static string Quote(string identifier) => '"' + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';

    /// <summary>Null: no such relation.</summary>
    public TableState? Find(string table) => _tables.GetValueOrDefault(table);

    /// <summary>Reads the catalog: the tables asked for, and all that are published.</summary>
    /// <param name="names">As contracts name them: "media", "schema.table".</param>
    public async Task LoadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        _tables.Clear();
        Oids.Clear();
        var withPartitions = new HashSet<string>(StringComparer.Ordinal);
        await using var query = new NpgsqlCommand(
            """
            WITH wanted AS (
                SELECT c.oid, CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,
                       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
                       c.relkind, c.relpersistence, c.relispartition, c.relreplident, r.prrelid IS NOT NULL AS published, r.prattrs
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_publication p ON p.pubname = $1
                LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
            )
            SELECT w.name, w.quoted, w.relkind::text, w.relpersistence::text, w.relispartition, w.relreplident::text, w.published,
                   ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped),
                   ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum = ANY (w.prattrs::int2[])),
                   w.prattrs IS NULL,
                   ARRAY(SELECT a.attname::text FROM pg_index x JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum = ANY (x.indkey)
                         WHERE x.indrelid = w.oid
                           AND CASE w.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END),
                   ARRAY(SELECT CASE WHEN pn.nspname = 'public' THEN '' ELSE pn.nspname || '.' END || pc.relname
                         FROM pg_partition_tree(w.oid) t JOIN pg_class pc ON pc.oid = t.relid
                              JOIN pg_namespace pn ON pn.oid = pc.relnamespace
                         WHERE w.relkind = 'p'),
                   w.oid
            FROM wanted w WHERE w.name = ANY ($2) OR w.published
            """,
            connection);
        query.Parameters.Add(new NpgsqlParameter { Value = publication });
        query.Parameters.Add(new NpgsqlParameter { Value = names.Distinct().ToArray() });
        await using var reader = await query.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var published = reader.GetBoolean(6);
            var state = new TableState(
                reader.GetString(1),
                reader.GetString(2)[0],
                reader.GetString(3)[0],
                reader.GetBoolean(4),
                reader.GetString(5)[0],
                new HashSet<string>(reader.GetFieldValue<string[]>(7), StringComparer.Ordinal),
                new HashSet<string>(reader.GetFieldValue<string[]>(10), StringComparer.Ordinal))
            {
                Published = !published
                    ? null
                    : reader.GetBoolean(9)
                        ? PublishedColumns.All
                        : new PublishedColumns(new HashSet<string>(reader.GetFieldValue<string[]>(8), StringComparer.Ordinal)),
            };
            _tables.Add(reader.GetString(0), state);
            Oids.Add(reader.GetFieldValue<uint>(12), reader.GetString(0));
            withPartitions.Add(reader.GetString(0));
            withPartitions.UnionWith(reader.GetFieldValue<string[]>(11));
        }

        WithPartitions = withPartitions;
    }

    /// <summary>Why the columns of a table can't be published and bound; null if they can.</summary>
    /// <param name="needIdentity">Whether a DELETE has to carry the columns.</param>
    public string? Refusal(string table, IReadOnlyList<string> columns, bool needIdentity)
    {
        if (Find(table) is not { } state)
        {
            return $"table {table} does not exist on this node";
        }

        var kind = state switch
        {
            { Kind: 'v' or 'm' } => "a view",
            { Kind: 'f' } => "a foreign table",
            { Persistence: 'u' } => "unlogged",
            { Persistence: 't' } => "temporary",
            { IsPartition: true } => "a partition (its changes are published under its root)",
            _ => null,
        };
        if (kind is not null)
        {
            return $"{table} is {kind}";
        }

        foreach (var column in columns)
        {
            if (!state.Columns.Contains(column))
            {
                return $"table {table} has no column {column}";
            }

            if (needIdentity && state.Identity != 'f' && !state.IdentityColumns.Contains(column))
            {
                return $"column {column} is not in the replica identity of {table}, so a DELETE would not carry it: "
                    + $"ALTER TABLE {state.Quoted} REPLICA IDENTITY USING INDEX … (a unique index over NOT NULL columns with it) or FULL";
            }
        }

        // A table without an identity refuses UPDATE and DELETE as soon as it is published: never do that to a writer.
        return state.Identity != 'f' && state.IdentityColumns.Count == 0
            ? $"table {table} has no replica identity: give it a primary key"
            : null;
    }

    public bool IsPublished(string table, IReadOnlyList<string> columns) =>
        Find(table) is { Published: { } published } state
        && columns.All(published.Contains)
        && (state.Identity == 'f' ? published.IsAll : state.IdentityColumns.All(published.Contains));

    /// <summary>Publishes more of a table, in a transaction of its own that waits for the table's writers.</summary>
    /// <param name="announce">Puts a message into the stream: what was written before may be missing from it.</param>
    /// <exception cref="PostgresException">55P03: its writers did not end within the limit.</exception>
    public async Task AddAsync(
        string table, IReadOnlyList<string> columns, bool announce, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        var state = _tables[table];
        // Under FULL the list would have to name every column, and a column that is added later would break the table's UPDATEs.
        var wanted = state.Identity == 'f' || state.Published is { IsAll: true }
            ? PublishedColumns.All
            : new PublishedColumns([.. columns, .. state.IdentityColumns, .. state.Published?.Names.Where(state.Columns.Contains) ?? []]);
        var list = _tables
            .Where(pair => pair.Value.Published is not null || pair.Key == table)
            .Select(pair => Clause(pair.Value, pair.Key == table ? wanted : pair.Value.Published!));

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        var sql = $"""
            SET LOCAL lock_timeout = {(int)lockTimeout.TotalMilliseconds};
            LOCK TABLE {state.Quoted} IN SHARE ROW EXCLUSIVE MODE;
            ALTER PUBLICATION {Quote(publication)} SET TABLE {string.Join(", ", list)};
            """;
        await using (var command = new NpgsqlCommand(sql, connection, transaction))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        if (announce)
        {
            await using var message = new NpgsqlCommand(
                """
                SELECT pg_logical_emit_message(
                    true, 'insta.ddl', json_build_object('command', 'ALTER PUBLICATION', 'tables', ARRAY[$1::text])::text)
                """,
                connection,
                transaction);
            message.Parameters.Add(new NpgsqlParameter { Value = table });
            await message.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        state.Published = wanted;
    }

    private static string Clause(TableState state, PublishedColumns columns) =>
        columns.IsAll ? state.Quoted : $"{state.Quoted} ({string.Join(", ", columns.Names.Order(StringComparer.Ordinal).Select(Quote))})";
}
