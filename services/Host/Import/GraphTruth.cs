using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Host.Import;

/// <summary>What the databases say, by plain SQL over all nodes.</summary>
internal sealed class GraphTruth
{
    public Dictionary<string, long> Names { get; } = new(StringComparer.Ordinal);

    public Dictionary<long, List<long>> Following { get; } = [];

    public Dictionary<long, List<long>> Followers { get; } = [];

    /// <summary>By owner, newest first.</summary>
    public Dictionary<long, List<(long Id, string Caption)>> Posts { get; } = [];

    public static async Task<GraphTruth> ReadAsync(NodePool pool, CancellationToken ct)
    {
        var truth = new GraphTruth();
        await EachRowAsync(pool.Directory, "SELECT name, user_id FROM names WHERE confirmed", row => truth.Names[row.GetString(0)] = row.GetInt64(1), ct);
        foreach (var node in pool.DataNodes)
        {
            var source = pool.Primary(node);
            await EachRowAsync(source, "SELECT follower_id, followee_id FROM follows", row =>
            {
                ListOf(truth.Following, row.GetInt64(0)).Add(row.GetInt64(1));
                ListOf(truth.Followers, row.GetInt64(1)).Add(row.GetInt64(0));
            }, ct);
            await EachRowAsync(
                source, "SELECT owner_id, id, caption FROM media WHERE NOT deleted ORDER BY id DESC",
                row => ListOf(truth.Posts, row.GetInt64(0)).Add((row.GetInt64(1), row.GetString(2))), ct);
        }
        return truth;
    }

    public static List<T> ListOf<T>(Dictionary<long, List<T>> lists, long key)
    {
        if (!lists.TryGetValue(key, out var list)) lists[key] = list = [];
        return list;
    }

    private static async Task EachRowAsync(NpgsqlDataSource source, string sql, Action<NpgsqlDataReader> row, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) row(reader);
    }
}
