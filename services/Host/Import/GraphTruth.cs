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

    /// <summary>Blocker and blocked.</summary>
    public HashSet<(long Blocker, long Blocked)> Blocks { get; } = [];

    /// <summary>The list of a key; an empty one where there is none.</summary>
    public static IReadOnlyList<T> ListOf<T>(Dictionary<long, List<T>> lists, long key) => lists.TryGetValue(key, out var list) ? list : [];

    /// <summary>The posts of the reader and of those whom he follows, newest first; neither of the two has blocked the other.</summary>
    public IReadOnlyList<(long Id, string Caption)> HomeFeedOf(long reader) =>
    [
        .. ListOf(Following, reader).Append(reader).Distinct()
            .Where(author => !Blocks.Contains((reader, author)) && !Blocks.Contains((author, reader)))
            .SelectMany(author => ListOf(Posts, author)).OrderByDescending(static post => post.Id),
    ];

    public static async Task<GraphTruth> ReadAsync(NodePool pool, CancellationToken ct)
    {
        var truth = new GraphTruth();
        await EachRowAsync(pool.Directory, "SELECT name, user_id FROM names WHERE confirmed", row => truth.Names[row.GetString(0)] = row.GetInt64(1), ct);
        foreach (var node in pool.DataNodes)
        {
            var source = pool.Primary(node);
            await EachRowAsync(source, "SELECT follower_id, followee_id FROM follows", row =>
            {
                Add(truth.Following, row.GetInt64(0), row.GetInt64(1));
                Add(truth.Followers, row.GetInt64(1), row.GetInt64(0));
            }, ct);
            await EachRowAsync(
                source, "SELECT owner_id, id, caption FROM media WHERE NOT deleted ORDER BY id DESC",
                row => Add(truth.Posts, row.GetInt64(0), (row.GetInt64(1), row.GetString(2))), ct);
            await EachRowAsync(
                source, "SELECT blocker_id, blocked_id FROM blocks", row => truth.Blocks.Add((row.GetInt64(0), row.GetInt64(1))), ct);
        }
        return truth;
    }

    private static void Add<T>(Dictionary<long, List<T>> lists, long key, T item)
    {
        if (!lists.TryGetValue(key, out var list)) lists[key] = list = [];
        list.Add(item);
    }

    private static async Task EachRowAsync(NpgsqlDataSource source, string sql, Action<NpgsqlDataReader> row, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) row(reader);
    }
}
