using System.Diagnostics;
using Npgsql;

namespace InstaGrpc.Ratios.Feed;

/// <summary>The baseline: the same page by one prepared statement.</summary>
/// <param name="node">Its connections.</param>
/// <param name="sql">With $1 the reader and $2 the page's size.</param>
internal sealed class SqlFeed(NpgsqlDataSource node, string sql)
{
    private const string Counted = """
        SELECT p.id, p.owner_id, p.caption, p.photos::text, p.created_at, c.likes, c.comments,
               EXISTS (SELECT FROM likes l WHERE l.media_id = p.id AND l.user_id = $1)
        FROM page p LEFT JOIN media_counts c ON c.media_id = p.id ORDER BY p.id DESC
        """;

    public const string Join = """
        WITH page AS (
            SELECT m.id, m.owner_id, m.caption, m.photos, m.created_at FROM media m
            JOIN (SELECT followee_id FROM follows WHERE follower_id = $1 UNION ALL SELECT $1) AS a (id) ON a.id = m.owner_id
            WHERE NOT m.deleted ORDER BY m.id DESC LIMIT $2)

        """ + Counted;

    public const string Lateral = """
        WITH page AS (
            SELECT m.id, m.owner_id, m.caption, m.photos, m.created_at
            FROM (SELECT followee_id FROM follows WHERE follower_id = $1 UNION ALL SELECT $1) AS a (id)
            CROSS JOIN LATERAL (
                SELECT * FROM media m WHERE m.owner_id = a.id AND NOT m.deleted ORDER BY m.id DESC LIMIT $2) AS m
            ORDER BY m.id DESC LIMIT $2)

        """ + Counted;

    /// <returns>The page's ids; everything of it is read.</returns>
    public async Task<List<long>> ReadAsync(long reader, int size, CancellationToken cancellation)
    {
        await using var command = Command(sql, reader, size);
        await using var rows = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<long> ids = [];
        var values = new object[rows.FieldCount];
        while (await rows.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.GetValues(values);
            ids.Add((long)values[0]);
        }

        return ids;
    }

    /// <summary>Its plan and what it really did, for one reader.</summary>
    public async Task<string> ExplainAsync(long reader, int size, CancellationToken cancellation)
    {
        await using var command = Command("EXPLAIN (ANALYZE, BUFFERS) " + sql, reader, size);
        await using var rows = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<string> lines = [];
        while (await rows.ReadAsync(cancellation).ConfigureAwait(false))
        {
            lines.Add(rows.GetString(0));
        }

        return string.Join('\n', lines);
    }

    public async Task<double> MillisecondsAsync(long reader, int size, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        await ReadAsync(reader, size, cancellation).ConfigureAwait(false);
        return watch.Elapsed.TotalMilliseconds;
    }

    private NpgsqlCommand Command(string text, long reader, int size)
    {
        var command = node.CreateCommand(text);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = reader });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = size });
        return command;
    }
}
