using System.Runtime.CompilerServices;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Host.Warm;

/// <summary>Users who have read their feed of late, node by node, by the hint that feeds leave in <c>active_users</c>.</summary>
internal sealed class ActiveReaders(NodePool pool, TimeSpan since)
{
    private const int Page = 1_000;

    // An index serves each: of the time, and of the users.
    private const string Count = "SELECT count(*) FROM active_users WHERE active_at > now() - $1::interval";
    private const string Next = """
        SELECT ARRAY (SELECT user_id FROM active_users WHERE user_id > $2 AND active_at > now() - $1::interval ORDER BY user_id LIMIT $3)
        """;

    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        var count = 0L;
        foreach (var node in pool.DataNodes)
        {
            count += (long)await AskAsync(node, Count, 0, cancellation);
        }

        return count;
    }

    public async IAsyncEnumerable<long[]> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var node in pool.DataNodes)
        {
            var last = 0L;
            while ((long[])await AskAsync(node, Next, last, cancellation) is { Length: > 0 } page)
            {
                yield return page;
                last = page[^1];
            }
        }
    }

    private async Task<object> AskAsync(NodeName node, string sql, long after, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = since });
        if (sql == Next)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Page });
        }

        return (await command.ExecuteScalarAsync(cancellation))!;
    }
}
